import { expect, it } from '@jest/globals';
import type { NetworkConfig } from '../../../src/hypervisor/contract.js';
import { newHandle } from '../../../src/hypervisor/new-handle.js';
import { unreachable } from '../../../src/operations/guest-login.js';

function errorFor(network: NetworkConfig) {
  const image = { path: '/disk.img', format: 'raw', virtualSize: 1 } as const;
  const handle = newHandle({
    id: 'noop-1',
    name: 'web',
    backend: 'noop',
    workDir: '/vms/web',
    image,
    vcpus: 1,
    memoryMb: 64,
    firmware: 'bios',
    network,
    forwards: [],
    macAddress: '52:54:00:00:00:01',
  });
  return unreachable(handle, 'nobody knows where it is');
}

it('a guest without a network is told how to get one that can be reached', () => {
  expect(errorFor({ type: 'none' }).hint).toContain('network "user"');
});

it('a guest that gets its own address is worth waiting for, or its address can be said', () => {
  const { message, hint } = errorFor({ type: 'vnic' });
  expect(message).toContain('nobody knows where it is');
  expect(hint).toContain('vmctl wait web');
  expect(hint).toContain('network "vnic" address=');
});
