import type { NetworkConfig, Supports, VmSpec } from '../hypervisor/contract.js';

/** What a VM has where its VMFile says nothing. */
export interface MachineDefaults {
  readonly firmware: VmSpec['firmware'];
  readonly network: NetworkConfig;
}

/**
 * What a backend gives a VM whose VMFile says nothing: `bios` and user networking where it can, so that a VM is
 * everywhere the same; else the first that it names.
 *
 * @param bridge - of a guest whose network is `tap`
 */
export function machineDefaults(
  { firmware, networks }: Pick<Supports, 'firmware' | 'networks'>,
  bridge: string,
): MachineDefaults {
  return {
    firmware: preferred(firmware, 'bios'),
    network: networkOf(preferred(networks, 'user'), bridge),
  };
}

function preferred<T>(supported: readonly T[], usual: T): T {
  return supported.includes(usual) ? usual : (supported[0] ?? usual);
}

function networkOf(type: NetworkConfig['type'], bridge: string): NetworkConfig {
  return type === 'tap' ? { type, bridge } : { type };
}
