import { createHash } from 'node:crypto';
import type { NetworkConfig, PluginHost, PortForward, Supports, VmHandle } from '@vmctl/core/plugin';
import type { Firmware } from './firmware.js';
import type { QemuMachine, QemuNetwork, Sandbox } from './qemu-arguments.js';
import type { QemuSettings } from './settings.js';
import { filesOf } from './work-files.js';

/** What the backend can do. */
export const SUPPORTS: Supports = {
  suspend: true,
  snapshot: false,
  console: 'unix-socket',
  networks: ['user', 'tap', 'none'],
  firmware: ['bios', 'uefi'],
  imageFormats: ['qcow2', 'raw'],
  forwards: true,
  liveForwards: true,
  growDisk: true,
};

/** Refuses what {@link SUPPORTS} denies, with VMCTL_BACKEND_UNSUPPORTED. */
export function refuseUnsupported(
  host: Pick<PluginHost, 'error'>,
  vm: {
    readonly name: string;
    readonly network: NetworkConfig;
    readonly forwards?: readonly PortForward[] | undefined;
  },
): void {
  const { name, network, forwards = [] } = vm;
  const refuse = (message: string, hint: string): Error =>
    host.error('VMCTL_BACKEND_UNSUPPORTED', { message, hint, details: { vm: name, backend: 'qemu' } });
  if (!SUPPORTS.networks.includes(network.type)) {
    throw refuse(
      `${name}: QEMU has no network "${network.type}".`,
      'Use network "user", network "tap" or network "none" in the VMFile.',
    );
  }
  if (network.type !== 'user' && forwards.length > 0) {
    throw refuse(
      `${name}: ports cannot be forwarded with network "${network.type}".`,
      network.type === 'tap'
        ? 'The guest has an address of its own on the bridge; remove the forward.'
        : 'Use network "user", or remove the forward.',
    );
  }
  for (const { address } of forwards) {
    if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) {
      throw refuse(
        `${name}: QEMU forwards ports of IPv4 addresses only, not of "${address}".`,
        'Use address="127.0.0.1", or "0.0.0.0" for every address of the host.',
      );
    }
  }
}

/** The identity that the guest sees: the one in the VM's id, or one made from an id that has none. */
export function machineUuid(id: string): string {
  const own = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.exec(id)?.[0];
  if (own !== undefined) return own.toLowerCase();
  const digest = createHash('sha256').update(id).digest('hex');
  return digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The machine of a VM. Sockets come from outside, because theirs are not the plain paths where those are long. */
export function machineFor(
  vm: VmHandle,
  parts: {
    readonly accelerator: 'kvm' | 'tcg';
    readonly firmware: Firmware | undefined;
    readonly settings: QemuSettings;
    readonly qmpSocketPath: string;
    readonly consoleSocketPath: string;
    readonly sshHostPort: number | null;
    /** Whether vmctl runs as root. */
    readonly root: boolean;
  },
): QemuMachine {
  const files = filesOf(vm);
  const { accelerator, firmware, settings, qmpSocketPath, consoleSocketPath, sshHostPort } = parts;
  return {
    name: vm.name,
    uuid: machineUuid(vm.id),
    accelerator,
    vcpus: vm.vcpus,
    memoryMb: vm.memory_mb,
    disk: { path: files.overlay, cache: settings.diskCache },
    seedPath: vm.seed_iso_path ?? undefined,
    firmware:
      firmware === undefined ? undefined : { codePath: firmware.codePath, variablesPath: files.variables },
    network: networkFor(vm, sshHostPort),
    macAddress: vm.mac_addr,
    qmpSocketPath,
    consoleSocketPath,
    consoleLogPath: files.consoleLog,
    pidFilePath: files.pidFile,
    sandbox: sandboxFor(vm.network, settings, parts.root),
  };
}

function sandboxFor(network: NetworkConfig, settings: QemuSettings, root: boolean): Sandbox {
  if (!settings.sandbox) return 'off';
  if (network.type !== 'tap') return 'strict';
  return root ? 'with-helper' : 'off';
}

function networkFor({ network, forwards = [] }: VmHandle, sshHostPort: number | null): QemuNetwork {
  if (network.type === 'tap') return { type: 'tap', bridge: network.bridge };
  if (network.type !== 'user') return { type: 'none' };
  const ssh = sshHostPort === null ? [] : [{ address: '127.0.0.1', host: sshHostPort, guest: 22 }];
  return { type: 'user', forwards: [...ssh, ...forwards] };
}
