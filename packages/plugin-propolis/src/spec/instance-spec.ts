import type { PluginHost, VmHandle, VmSpec } from '@vmctl/core/plugin';
import type { Component, InstanceEnsureRequest, PciPath } from '../api/types.js';

/** Processors that bhyve gives to a VM. */
export const MAX_CPUS = 32;
/** Bytes in a block of a disk. */
const BLOCK_SIZE = 512;

/** Component names; the guest sees none of them. */
const BOOT_DISK = 'boot-disk';
const SEED = 'cloud-init';
const NIC = 'net0';

/**
 * Places on the PCI bus, the same for every VM, so that the names that the guest gives to its devices stay. 0.0.0, 0.1.0
 * and 0.1.3 belong to the chipset.
 */
const PLACES = {
  nic: { bus: 0, device: 8, function: 0 },
  bootDisk: { bus: 0, device: 16, function: 0 },
  seed: { bus: 0, device: 24, function: 0 },
} as const satisfies Readonly<Record<string, PciPath>>;

/** Where this host is in a rack that there is not: only kept with statistics. */
const METADATA = {
  silo_id: '00000000-0000-4000-8000-000000000001',
  project_id: '00000000-0000-4000-8000-000000000002',
  sled_id: '00000000-0000-4000-8000-000000000003',
  sled_serial: 'vmctl',
  sled_revision: 0,
  sled_model: 'vmctl',
} as const;

/** What the host has for a VM. */
export interface HostResources {
  /** The disk, a device that can be read and written at any block: `/dev/zvol/rdsk/…`. */
  readonly diskPath: string;
  /** The VNIC, for `network "vnic"`. */
  readonly vnicName?: string | undefined;
}

/** What {@link refuseImpossible} looks at. */
export type WantedVm = Pick<VmSpec, 'name' | 'vcpus' | 'memoryMb'> & { readonly network: VmSpec['network'] };

/**
 * Refuses what propolis cannot run, before anything is made for it. Pure.
 *
 * @throws VMCTL_PROPOLIS_SPEC_INVALID for processors or memory, VMCTL_BACKEND_UNSUPPORTED for a kind of network
 */
export function refuseImpossible(
  error: PluginHost['error'],
  { name, vcpus, memoryMb, network }: WantedVm,
): void {
  if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > MAX_CPUS) {
    throw error('VMCTL_PROPOLIS_SPEC_INVALID', {
      message: `${name} wants ${vcpus} processors; propolis gives a VM from 1 to ${MAX_CPUS}.`,
      hint: `Change \`vcpus\` in the VMFile.`,
      details: { vm: name, vcpus },
    });
  }
  if (!Number.isSafeInteger(memoryMb) || memoryMb < 1) {
    throw error('VMCTL_PROPOLIS_SPEC_INVALID', {
      message: `${name} wants ${memoryMb} MiB of memory; it must be a whole number, and at least 1.`,
      hint: `Change \`memory\` in the VMFile.`,
      details: { vm: name, memory_mb: memoryMb },
    });
  }
  if (network.type !== 'vnic' && network.type !== 'none') {
    throw error('VMCTL_BACKEND_UNSUPPORTED', {
      message: `The backend propolis has no network "${network.type}", which ${name} wants.`,
      hint: 'Use network "vnic" or network "none".',
      details: { vm: name, network: network.type },
    });
  }
}

/**
 * The request that makes a VM of what the host has for it. Pure. It is accepted in every version from 1.0.0 to 5.0.0.
 *
 * @throws VMCTL_PROPOLIS_SPEC_INVALID, VMCTL_BACKEND_UNSUPPORTED as {@link refuseImpossible}
 */
export function ensureRequest(
  error: PluginHost['error'],
  vm: VmHandle,
  resources: HostResources,
): InstanceEnsureRequest {
  refuseImpossible(error, { name: vm.name, vcpus: vm.vcpus, memoryMb: vm.memory_mb, network: vm.network });
  const id = instanceId(error, vm);
  return {
    properties: { id, name: vm.name, description: 'managed by vmctl', metadata: METADATA },
    init: {
      method: 'Spec',
      value: {
        spec: {
          board: {
            cpus: vm.vcpus,
            memory_mb: vm.memory_mb,
            chipset: { type: 'i440_fx', value: { enable_pcie: false } },
            guest_hv_interface: { type: 'bhyve' },
          },
          components: {
            ...disk(BOOT_DISK, resources.diskPath, PLACES.bootDisk, false),
            ...(vm.seed_iso_path === null ? {} : disk(SEED, vm.seed_iso_path, PLACES.seed, true)),
            ...(vm.network.type === 'vnic' ? nic(error, vm, id, resources.vnicName) : {}),
            // Without it the server aborts.
            com1: { type: 'serial_port', component: { num: 'com1' } },
            pvpanic: { type: 'qemu_pvpanic', component: { enable_isa: true } },
            'boot-settings': { type: 'boot_settings', component: { order: [{ id: BOOT_DISK }] } },
          },
        },
      },
    },
  };
}

/**
 * The UUID by which the server knows a VM: that of the handle's id, `propolis-<uuid>`.
 *
 * @throws VMCTL_PROPOLIS_SPEC_INVALID for an id of another kind
 */
export function instanceId(error: PluginHost['error'], { id, name }: Pick<VmHandle, 'id' | 'name'>): string {
  const uuid = /-([\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12})$/i.exec(id)?.[1];
  if (uuid !== undefined) return uuid.toLowerCase();
  throw error('VMCTL_PROPOLIS_SPEC_INVALID', {
    message: `The id of ${name} is "${id}"; one of the backend propolis ends in a UUID.`,
    hint: `Make the VM anew: vmctl destroy ${name}, then vmctl up`,
    details: { vm: name, id },
  });
}

function disk(
  name: string,
  path: string,
  place: PciPath,
  isReadOnly: boolean,
): Readonly<Record<string, Component>> {
  const backend = `${name}-backend`;
  return {
    [name]: { type: 'virtio_disk', component: { backend_id: backend, pci_path: place } },
    [backend]: {
      type: 'file_storage_backend',
      component: { path, readonly: isReadOnly, block_size: BLOCK_SIZE },
    },
  };
}

function nic(
  error: PluginHost['error'],
  vm: VmHandle,
  id: string,
  vnicName: string | undefined,
): Readonly<Record<string, Component>> {
  if (vnicName === undefined || vnicName === '') {
    throw error('VMCTL_PROPOLIS_SPEC_INVALID', {
      message: `${vm.name} has network "vnic", and no VNIC was made for it.`,
      details: { vm: vm.name },
    });
  }
  const backend = `${NIC}-backend`;
  return {
    [NIC]: {
      type: 'virtio_nic',
      // Only ties statistics to the VM, which has one network card.
      component: { backend_id: backend, interface_id: id, pci_path: PLACES.nic },
    },
    [backend]: { type: 'virtio_network_backend', component: { vnic_name: vnicName } },
  };
}
