import type { NetworkConfig, PluginHost, PortForward, Supports } from '@vmctl/core/plugin';
import { linkNameProblem } from './host/link-name.js';

/** What the backend can do. Guests boot through OVMF, which is UEFI. */
export const SUPPORTS: Supports = {
  suspend: false,
  snapshot: false,
  console: 'websocket',
  networks: ['vnic', 'none'],
  firmware: ['uefi'],
  imageFormats: ['qcow2', 'raw'],
  forwards: false,
  liveForwards: false,
  growDisk: true,
};

/** Where propolis-server runs. */
const PLATFORM = 'sunos';

/** Refuses to work on any other system, before anything is run. */
export function refusePlatform(host: Pick<PluginHost, 'platform' | 'error'>): void {
  if (host.platform === PLATFORM) return;
  throw host.error('VMCTL_BACKEND_UNSUPPORTED', {
    message: `The backend propolis is unsupported on "${host.platform}": propolis-server runs on illumos only.`,
    hint: 'Use another backend here: leave `backend` out of the VMFile, and vmctl takes the one for this platform.',
    details: { backend: 'propolis', platform: host.platform },
  });
}

/** Refuses what {@link SUPPORTS} denies with VMCTL_BACKEND_UNSUPPORTED, and names that no link can have. */
export function refuseUnsupported(
  host: Pick<PluginHost, 'error'>,
  vm: {
    readonly name: string;
    readonly network: NetworkConfig;
    readonly firmware: 'bios' | 'uefi';
    readonly forwards?: readonly PortForward[] | undefined;
  },
): void {
  const { name, network, firmware, forwards = [] } = vm;
  const refuse = (message: string, hint: string): Error =>
    host.error('VMCTL_BACKEND_UNSUPPORTED', { message, hint, details: { vm: name, backend: 'propolis' } });
  if (!SUPPORTS.networks.includes(network.type)) {
    throw refuse(
      `${name}: propolis has no network "${network.type}".`,
      'Use network "vnic" or network "none" in the VMFile.',
    );
  }
  if (!SUPPORTS.firmware.includes(firmware)) {
    throw refuse(
      `${name}: propolis boots guests with UEFI, and this one has firmware "${firmware}".`,
      'Say firmware "uefi" in the VMFile; the image has to be one that boots with UEFI.',
    );
  }
  if (forwards.length > 0) {
    throw refuse(
      `${name}: propolis forwards no ports.`,
      'The guest has an address of its own; remove the forward.',
    );
  }
  const problem =
    network.type === 'vnic' && network.name !== undefined ? linkNameProblem(network.name) : undefined;
  if (network.type === 'vnic' && problem !== undefined) {
    throw host.error('VMCTL_PROPOLIS_LINK_NAME_INVALID', {
      message: `${name}: illumos has no link named "${network.name}": the name ${problem}.`,
      hint: 'A link has at most 31 of letters, digits and _, begins with a letter and ends in a digit. Or leave the name out.',
      details: { vm: name, link: network.name },
    });
  }
}

/** The error for what no state of a VM changes. */
export function suspendRefusal(
  host: Pick<PluginHost, 'error'>,
  name: string,
  verb: 'suspend' | 'resume',
): Error {
  return host.error('VMCTL_BACKEND_UNSUPPORTED', {
    message: `${name}: propolis cannot ${verb} a VM.`,
    hint: `Stop it instead: vmctl stop ${name}`,
    details: { vm: name, backend: 'propolis' },
  });
}
