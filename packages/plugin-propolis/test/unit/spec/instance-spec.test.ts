import { describe, expect, it } from '@jest/globals';
import { ensureRequest, instanceId, refuseImpossible } from '../../../src/spec/instance-spec.js';
import { anEnsureRequest, makeError, propolisHandle, VM_UUID } from '../../support/fakes.js';

const resources = { diskPath: '/dev/zvol/rdsk/tank/vmctl/vms/web', vnicName: 'vmctl7' };
const wanted = { name: 'web', vcpus: 1, memoryMb: 1024, network: { type: 'vnic' } } as const;

describe('1: the request for a VM', () => {
  it('carries processors, memory, disk, seed, network card, com1 and boot order', () => {
    const request = ensureRequest(makeError, propolisHandle({ vcpus: 4, memory_mb: 8192 }), resources);
    expect(request.properties).toMatchObject({ id: VM_UUID, name: 'web' });
    const { board, components } = request.init.value.spec;
    expect(board).toMatchObject({ cpus: 4, memory_mb: 8192 });
    expect(components).toEqual({
      'boot-disk': {
        type: 'virtio_disk',
        component: { backend_id: 'boot-disk-backend', pci_path: { bus: 0, device: 16, function: 0 } },
      },
      'boot-disk-backend': {
        type: 'file_storage_backend',
        component: { path: resources.diskPath, readonly: false, block_size: 512 },
      },
      'cloud-init': {
        type: 'virtio_disk',
        component: { backend_id: 'cloud-init-backend', pci_path: { bus: 0, device: 24, function: 0 } },
      },
      'cloud-init-backend': {
        type: 'file_storage_backend',
        component: { path: '/vms/web/seed.iso', readonly: true, block_size: 512 },
      },
      net0: {
        type: 'virtio_nic',
        component: {
          backend_id: 'net0-backend',
          interface_id: VM_UUID,
          pci_path: { bus: 0, device: 8, function: 0 },
        },
      },
      'net0-backend': { type: 'virtio_network_backend', component: { vnic_name: 'vmctl7' } },
      com1: { type: 'serial_port', component: { num: 'com1' } },
      pvpanic: { type: 'qemu_pvpanic', component: { enable_isa: true } },
      'boot-settings': { type: 'boot_settings', component: { order: [{ id: 'boot-disk' }] } },
    });
  });

  it('leaves out smbios, which 1.0.0 forbids', () => {
    expect(Object.keys(anEnsureRequest().init.value.spec)).toEqual(['board', 'components']);
  });

  it('has no network card for network "none", and no second disk without a seed', () => {
    const handle = propolisHandle({ network: { type: 'none' }, seed_iso_path: null });
    const { components } = ensureRequest(makeError, handle, { diskPath: '/disk' }).init.value.spec;
    expect(Object.keys(components)).toEqual([
      'boot-disk',
      'boot-disk-backend',
      'com1',
      'pvpanic',
      'boot-settings',
    ]);
  });

  it('takes its UUID from the id of the VM', () => {
    const id = (text: string): string => instanceId(makeError, { id: text, name: 'web' });
    expect(id(`propolis-${VM_UUID.toUpperCase()}`)).toBe(VM_UUID);
    for (const other of ['propolis-', 'propolis-1', VM_UUID.slice(1), `propolis-${VM_UUID}-2`]) {
      expect(() => id(other)).toThrow(expect.objectContaining({ code: 'VMCTL_PROPOLIS_SPEC_INVALID' }));
    }
  });
});

describe('what propolis cannot run', () => {
  it.each([0, 33, 1.5, Number.NaN])('is a VM with %p processors', (vcpus) => {
    expect(() => refuseImpossible(makeError, { ...wanted, vcpus })).toThrow(
      expect.objectContaining({
        code: 'VMCTL_PROPOLIS_SPEC_INVALID',
        message: expect.stringContaining('from 1 to 32'),
      }),
    );
    expect(() => anEnsureRequest({ vcpus })).toThrow('from 1 to 32');
  });

  it.each([0, -1, 0.5])('is a VM with %p MiB', (memoryMb) => {
    expect(() => refuseImpossible(makeError, { ...wanted, memoryMb })).toThrow('must be a whole number');
  });

  it.each([{ type: 'user' }, { type: 'tap', bridge: 'br0' }] as const)('is a VM on network %p', (network) => {
    expect(() => refuseImpossible(makeError, { ...wanted, network })).toThrow(
      expect.objectContaining({ code: 'VMCTL_BACKEND_UNSUPPORTED' }),
    );
  });

  it('is a VM whose VNIC was not made', () => {
    expect(() => ensureRequest(makeError, propolisHandle(), { diskPath: '/disk' })).toThrow(
      'no VNIC was made',
    );
  });

  it('is not one with 1 or 32 processors', () => {
    for (const vcpus of [1, 32]) refuseImpossible(makeError, { ...wanted, vcpus });
    refuseImpossible(makeError, { ...wanted, network: { type: 'none' } });
  });
});
