/**
 * What goes over the wire, as far as vmctl uses it. Names and shapes are those of propolis-server's published OpenAPI
 * document, which is the same from 1.0.0 to 5.0.0 for what is here.
 */

/** Versions of the API that the plugin speaks, the preferred first. */
export const API_VERSIONS = ['5.0.0', '1.0.0'] as const;
/** One of {@link API_VERSIONS}. */
export type ApiVersion = (typeof API_VERSIONS)[number];

/** The header that every request carries, upgrades to a WebSocket included. */
export const VERSION_HEADER = 'api-version';

/** Bytes that the body of a request may have; more is refused by the server. */
export const MAX_REQUEST_BYTES = 1024 * 1024;

/** All states of an instance. */
export const INSTANCE_STATES = [
  'Creating',
  'Starting',
  'Running',
  'Stopping',
  'Stopped',
  'Rebooting',
  'Migrating',
  'Repairing',
  'Failed',
  'Destroyed',
] as const;
/** One of {@link INSTANCE_STATES}. */
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** What a VM can be told. `Stop` is a hard power-off. */
export type RequestedState = 'Run' | 'Stop' | 'Reboot';

/** Where a device is on the PCI bus. */
export interface PciPath {
  readonly bus: number;
  /** At most 31. */
  readonly device: number;
  /** At most 7. */
  readonly function: number;
}

/** A part of a VM that vmctl uses; the components of a VM are known by name. */
export type Component =
  | {
      readonly type: 'virtio_disk';
      readonly component: { readonly backend_id: string; readonly pci_path: PciPath };
    }
  | {
      readonly type: 'file_storage_backend';
      readonly component: { readonly path: string; readonly readonly: boolean; readonly block_size: number };
    }
  | {
      readonly type: 'virtio_nic';
      readonly component: {
        readonly backend_id: string;
        /** A UUID of the caller's choice. */
        readonly interface_id: string;
        readonly pci_path: PciPath;
      };
    }
  | { readonly type: 'virtio_network_backend'; readonly component: { readonly vnic_name: string } }
  | { readonly type: 'serial_port'; readonly component: { readonly num: 'com1' | 'com2' | 'com3' | 'com4' } }
  | { readonly type: 'qemu_pvpanic'; readonly component: { readonly enable_isa: boolean } }
  | {
      readonly type: 'boot_settings';
      readonly component: { readonly order: readonly { readonly id: string }[] };
    };

/** What a VM is made of. `smbios` is left out: 1.0.0 forbids it. */
export interface InstanceSpec {
  readonly board: {
    /** From 1 to 32. */
    readonly cpus: number;
    /** MiB. */
    readonly memory_mb: number;
    readonly chipset: { readonly type: 'i440_fx'; readonly value: { readonly enable_pcie: boolean } };
    readonly guest_hv_interface: { readonly type: 'bhyve' };
  };
  readonly components: Readonly<Record<string, Component>>;
}

/** Who a VM is. */
export interface InstanceProperties {
  /** A UUID. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly metadata: {
    readonly silo_id: string;
    readonly project_id: string;
    readonly sled_id: string;
    readonly sled_serial: string;
    readonly sled_revision: number;
    readonly sled_model: string;
  };
}

/** The body of PUT /instance. */
export interface InstanceEnsureRequest {
  readonly properties: InstanceProperties;
  readonly init: { readonly method: 'Spec'; readonly value: { readonly spec: InstanceSpec } };
}

/** What GET /instance tells, as far as vmctl needs it. */
export interface Instance {
  /** A UUID. */
  readonly id: string;
  readonly name: string;
  readonly state: InstanceState;
}

/** What the state monitor tells. */
export interface ObservedState {
  /** Grows by one or more with each change; begins at 1. */
  readonly gen: number;
  readonly state: InstanceState;
}

/** Where to read a serial console from: bytes since the boot, or bytes back from the newest. */
export type SerialOffset = { readonly fromStart: number } | { readonly mostRecent: number };

/** A piece of what the guest has written. */
export interface SerialHistory {
  readonly data: Uint8Array;
  /** Bytes since the boot up to the end of `data`: where to go on. */
  readonly endOffset: number;
}
