import type { DiskFormat, NetworkConfig, NetworkType, VmSpec, VmStateName } from '@vmctl/core/plugin';

/** Everything that a specification can ask for; `satisfies` keeps the lists whole when the contract grows. */
const networks = {
  user: { type: 'user' },
  tap: { type: 'tap', bridge: 'br0' },
  vnic: { type: 'vnic' },
  none: { type: 'none' },
} as const satisfies { readonly [T in NetworkType]: Extract<NetworkConfig, { type: T }> };
const firmwares = { bios: true, uefi: true } as const satisfies Record<VmSpec['firmware'], true>;
const formats = { qcow2: true, raw: true } as const satisfies Record<DiskFormat, true>;

/** Keys of an object that is written above, by their own type. */
const keys = <K extends string>(object: Readonly<Record<K, unknown>>): readonly K[] =>
  Object.keys(object) as K[]; // nobody adds keys to these constants

export const NETWORK_TYPES: readonly NetworkType[] = keys(networks);
export const FIRMWARES: readonly VmSpec['firmware'][] = keys(firmwares);
export const DISK_FORMATS: readonly DiskFormat[] = keys(formats);

/** A network of that type, as a VMFile would name it. */
export function networkOf(type: NetworkType): NetworkConfig {
  return networks[type];
}

const states = {
  preparing: true,
  prepared: true,
  running: true,
  suspended: true,
  stopped: true,
  failed: true,
  destroyed: true,
} as const satisfies Record<VmStateName, true>;

export const VM_STATE_NAMES: readonly VmStateName[] = keys(states);
