import { VmctlError } from '../errors/vmctl-error.js';
import type { NetworkConfig, PortForward } from '../hypervisor/contract.js';
import type { ImageReference } from '../images/contract.js';
import type { VmDefinition } from './model.js';
import type { VmFileValue } from './node.js';
import { imageUrlKind, sha256Kind } from './read-image.js';
import { checkHostname, checkUser, DEFAULT_TIMEOUT_SECONDS, DEFAULT_USER } from './read-login.js';
import { checkAddress, checkLinkName, checkPort } from './read-network.js';
import { checkVcpus, DEFAULT_MEMORY_MIB, DEFAULT_VCPUS } from './read-vm.js';
import { diskKind, memoryKind } from './sizes.js';
import { integerKind, pathKind, type ValueKind } from './value-kinds.js';

/** A VM without a VMFile. Values mean what they mean there; paths are relative to the working directory. */
export interface OneOffVm {
  readonly name: string;
  /** Path of a disk image. Exactly one of `image` and `imageUrl` is given. */
  readonly image?: string | undefined;
  readonly imageUrl?: string | undefined;
  /** Digest of what `imageUrl` gives. */
  readonly sha256?: string | undefined;
  /** Default 1. */
  readonly vcpus?: number | undefined;
  /** MiB, or with a unit: `2GiB`. Default 1024. */
  readonly memory?: number | string | undefined;
  /** GiB, or with a unit: `512M`. Default: as large as the image. */
  readonly disk?: number | string | undefined;
  /** Bridge of the host that the guest is connected to. Default: user networking, or what the backend has instead. */
  readonly bridge?: string | undefined;
  /** Path of a user-data file; then vmctl adds no user and no key. */
  readonly cloudInit?: string | undefined;
  /** Path of the public key that may log in. Default: a pair is generated. */
  readonly sshKey?: string | undefined;
  /** Login user. Default `vm`. */
  readonly user?: string | undefined;
  /** Default: `bios`, or what the backend has instead. */
  readonly firmware?: 'bios' | 'uefi' | undefined;
  /** Only without a bridge. */
  readonly forwards?: readonly PortForward[] | undefined;
}

/**
 * The definition of a VM that no VMFile has. Its name is checked where it becomes a path.
 *
 * @throws VMCTL_USAGE for the first setting that cannot be what it is
 */
export function defineOneOffVm(
  vm: OneOffVm,
  from: { readonly baseDir: string; readonly homeDir: string },
): VmDefinition {
  const path = pathKind(from);
  const forwards = (vm.forwards ?? []).map(checkForward);
  if (vm.bridge !== undefined && forwards.length > 0) {
    throw unusable(
      'forward',
      'needs user networking, and the VM is connected to a bridge',
      'Leave one of them out.',
    );
  }
  if (vm.sshKey !== undefined && vm.cloudInit !== undefined) {
    throw unusable(
      'ssh-key',
      'has no effect beside cloud-init: vmctl then adds no user and no key',
      'Put the key into the user-data file.',
    );
  }
  return {
    name: vm.name,
    image: imageOf(vm, path),
    vcpus: vm.vcpus === undefined ? DEFAULT_VCPUS : read('vcpus', integerKind, vm.vcpus, checkVcpus),
    memoryMb: vm.memory === undefined ? DEFAULT_MEMORY_MIB : read('memory', memoryKind, vm.memory),
    diskBytes: vm.disk === undefined ? undefined : read('disk', diskKind, vm.disk),
    backend: undefined,
    firmware: vm.firmware,
    dependsOn: [],
    network: networkOf(vm, forwards),
    forwards,
    cloudInit: {
      hostname: hostname(vm.name),
      sshKeyPath: vm.sshKey === undefined ? undefined : read('ssh-key', path, vm.sshKey),
      userDataPath: vm.cloudInit === undefined ? undefined : read('cloud-init', path, vm.cloudInit),
    },
    ssh: {
      declared: false,
      user: check('user', vm.user ?? DEFAULT_USER, checkUser),
      privateKeyPath: undefined,
      timeoutSeconds: DEFAULT_TIMEOUT_SECONDS,
    },
    provision: [],
    extensions: {},
  };
}

function imageOf({ image, imageUrl, sha256 }: OneOffVm, path: ValueKind<string>): ImageReference {
  if ((image === undefined) === (imageUrl === undefined)) {
    throw unusable('image', 'or image-url has to be given, and one of them alone', '');
  }
  if (image !== undefined) {
    if (sha256 !== undefined) throw unusable('sha256', 'belongs to image-url', 'Leave it out.');
    return { kind: 'path', path: read('image', path, image) };
  }
  return {
    kind: 'url',
    url: read('image-url', imageUrlKind, imageUrl ?? ''),
    ...(sha256 === undefined ? {} : { sha256: read('sha256', sha256Kind, sha256) }),
  };
}

/** Only user networking has forwards. */
function networkOf({ bridge }: OneOffVm, forwards: readonly PortForward[]): NetworkConfig | undefined {
  if (bridge !== undefined) return { type: 'tap', bridge: check('bridge', bridge, checkLinkName(15)) };
  return forwards.length > 0 ? { type: 'user' } : undefined;
}

function checkForward(forward: PortForward): PortForward {
  read('forward', integerKind, forward.host, checkPort(0));
  read('forward', integerKind, forward.guest, checkPort(1));
  check('forward', forward.address, checkAddress);
  return forward;
}

/** A VM's name may have characters that a host name may not have. */
function hostname(name: string): string {
  if (checkHostname(name) === undefined) return name;
  return name.replaceAll(/[^a-z0-9-]+/gi, '-').replace(/-+$/, '');
}

/** A value of the command line is text; one that is a number means what it means in a VMFile. */
function read<T>(
  setting: string,
  kind: ValueKind<T>,
  given: number | string,
  isWrong?: (value: T) => string | undefined,
): T {
  const value: VmFileValue =
    typeof given === 'string' && /^\d+(\.\d+)?$/.test(given) && isSize(setting) ? Number(given) : given;
  const reading = kind.read(value, String(given));
  if ('wrong' in reading) throw unusable(setting, reading.wrong, reading.hint);
  return isWrong === undefined ? reading.value : check(setting, reading.value, isWrong);
}

function isSize(setting: string): boolean {
  return setting === 'memory' || setting === 'disk';
}

function check<T>(setting: string, value: T, isWrong: (value: T) => string | undefined): T {
  const wrong = isWrong(value);
  if (wrong !== undefined) throw unusable(setting, wrong, undefined);
  return value;
}

function unusable(setting: string, wrong: string, hint: string | undefined): VmctlError {
  return new VmctlError('VMCTL_USAGE', {
    message: `"${setting}" ${wrong}.`,
    hint: hint === '' ? undefined : hint,
    details: { setting },
  });
}
