import { describe, expect, it } from '@jest/globals';
import type { Supports, VmHandle } from '../../../src/hypervisor/contract.js';
import { checkBackend } from '../../../src/pipeline/backend-fit.js';
import { FakeHypervisor } from '../../../src/testing/fake-hypervisor.js';
import type { VmDefinition } from '../../../src/vmfile/model.js';

const definition: VmDefinition = {
  name: 'web',
  image: { kind: 'path', path: '/images/noble.img' },
  vcpus: 1,
  memoryMb: 512,
  diskBytes: undefined,
  backend: undefined,
  firmware: 'uefi',
  dependsOn: [],
  network: { type: 'user' },
  forwards: [{ address: '127.0.0.1', host: 8080, guest: 80 }],
  cloudInit: undefined,
  ssh: { declared: false, user: 'vm', privateKeyPath: undefined, timeoutSeconds: 120 },
  provision: [],
  extensions: {},
};
// No more of it is looked at.
const existing = { backend: 'fake' } as VmHandle;

const check = (supports: Partial<Supports>, handle?: VmHandle): Promise<void> =>
  checkBackend(handle, definition, {
    choose: () => 'fake',
    backend: async () => new FakeHypervisor({ supports }),
  });

describe('a VM is refused by what its backend supports', () => {
  it.each<[string, Partial<Supports>, RegExp]>([
    ['its network', { networks: ['tap'] }, /^web: the backend fake has no network "user"\.$/],
    ['its firmware', { firmware: ['bios'] }, /^web: the backend fake has no firmware "uefi"\.$/],
    ['its forwards', { forwards: false }, /^web: the backend fake forwards no ports\.$/],
  ])('for %s', async (_, supports, message) => {
    await expect(check(supports)).rejects.toMatchObject({
      code: 'VMCTL_BACKEND_UNSUPPORTED',
      message: expect.stringMatching(message),
    });
  });

  it('for nothing, when it supports it all, or the VM has its firmware already', async () => {
    await expect(check({})).resolves.toBeUndefined();
    await expect(check({ firmware: ['bios'] }, existing)).resolves.toBeUndefined();
  });
});
