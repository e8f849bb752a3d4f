import { describe, expect, it } from '@jest/globals';
import type { VmSpec } from '../../../src/hypervisor/contract.js';
import { newHandle } from '../../../src/hypervisor/new-handle.js';
import { parseHandle } from '../../../src/state/vm-handle.js';

const SPEC: VmSpec = {
  id: 'noop-1f2e3d4c-5b6a-4789-8abc-0123456789ab',
  name: 'web',
  backend: 'noop',
  workDir: '/data/vms/web',
  image: { path: '/images/debian.qcow2', format: 'qcow2', virtualSize: 2 ** 31 },
  diskBytes: 2 ** 30 + 1,
  vcpus: 2,
  memoryMb: 512,
  firmware: 'uefi',
  network: { type: 'user' },
  forwards: [{ address: '127.0.0.1', host: 8080, guest: 80 }],
  macAddress: '52:54:00:00:00:01',
  sshHostPort: 2222,
  seedIsoPath: '/data/vms/web/seed.iso',
};

describe('the handle of a VM that was just made', () => {
  it('has what was asked for, whole GiB as other tools read them, and no process', () => {
    expect(newHandle(SPEC)).toMatchObject({
      backend: 'noop',
      disk_gb: 2,
      uefi: true,
      ssh_host_port: 2222,
      image_path: '/images/debian.qcow2',
      pid: null,
      booted: false,
    });
  });

  it('has no SSH port where no port of this host leads to the guest', () => {
    expect(newHandle({ ...SPEC, network: { type: 'tap', bridge: 'br0' } }).ssh_host_port).toBeNull();
  });

  it('is read back from vms.json as it was written', () => {
    const handle = newHandle(SPEC);
    const read = parseHandle(JSON.parse(JSON.stringify(handle)), 'web', '/data/vms/web');
    expect(read?.problems).toEqual([]);
    expect(read?.handle).toEqual(handle);
  });
});
