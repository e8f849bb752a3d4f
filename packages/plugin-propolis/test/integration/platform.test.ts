import { readdir } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { PluginHost, VmHandle } from '@vmctl/core/plugin';
import { createFakeHost } from '@vmctl/core/testing';
import { PropolisBackend } from '../../src/propolis-backend.js';
import { FakePropolisServer } from '../../src/testing.js';
import { writeRecord } from '../../src/vm-record.js';
import { contextOf, useIllumosLab } from '../support/illumos-lab.js';

const lab = useIllumosLab();

/** A backend on another system, and all that it runs there. */
function elsewhere(platform: NodeJS.Platform = 'linux') {
  const host = createFakeHost({ platform, directory: lab.root });
  const used: string[] = [];
  const watched: PluginHost = {
    ...host,
    ports: { free: async () => (used.push('ports'), 1) },
    files: { writeAtomic: async () => void used.push('files') },
  };
  return { backend: new PropolisBackend(watched), host, used };
}

describe('17: on any other platform', () => {
  it.each(['linux', 'darwin', 'win32'] as const)(
    '%s is unsupported, and nothing is spawned',
    async (platform) => {
      const { backend, host, used } = elsewhere(platform);
      const vm: VmHandle = { ...host.newHandle(await lab.spec()), uefi: true };
      const context = contextOf();
      const unsupported = {
        code: 'VMCTL_BACKEND_UNSUPPORTED',
        message: expect.stringContaining('unsupported'),
      };
      await expect(backend.prepare(await lab.spec(), context)).rejects.toMatchObject(unsupported);
      await expect(backend.start(vm, context)).rejects.toMatchObject(unsupported);
      await expect(backend.stop(vm, { timeoutMs: 0 }, context)).rejects.toMatchObject(unsupported);
      await expect(backend.destroy(vm, context)).rejects.toMatchObject(unsupported);
      await expect(backend.growDisk(vm, 2 ** 40, context)).rejects.toMatchObject(unsupported);
      await expect(backend.openConsole(vm, { replay: false }, context)).rejects.toMatchObject(unsupported);
      expect(await backend.state(vm, context)).toMatchObject({
        detail: expect.stringContaining('unsupported'),
      });
      expect(await backend.guestAddress(vm, context)).toMatchObject({
        reason: expect.stringContaining('unsupported'),
      });
      expect(await backend.diagnose(context)).toEqual([
        expect.objectContaining({ status: 'warning', title: `propolis is unsupported on "${platform}"` }),
      ]);
      expect(host.commands.commands).toEqual([]);
      expect(used).toEqual([]);
      expect(await readdir(vm.work_dir)).toEqual(['seed.iso']);
    },
  );

  it('nobody is asked about a VM whose record says that its server runs', async () => {
    await using server = await FakePropolisServer.listen();
    const { backend, host } = elsewhere();
    const own = await host.processes.identify(process.pid);
    if (own === undefined) throw new Error('this process runs');
    const vm = { ...host.newHandle(await lab.spec()), uefi: true };
    const { port } = server.address;
    await writeRecord(lab.host(), vm.work_dir, {
      disk: { dataset: 'rpool/vmctl/vms/web', base: 'rpool/vmctl/images/0@base', size: 1 },
      vnic: null,
      booted: true,
      run: { port, directory: `${vm.work_dir}/run-1`, ...own, ensured: true },
    });
    const context = contextOf();
    expect(await backend.inspect(vm, context)).toBeUndefined();
    expect(await backend.state(vm, context)).toMatchObject({ name: 'failed' });
    expect(await backend.describe(vm, context)).toBe('propolis (bhyve)');
    expect(server.requests).toEqual([]);
    expect(host.commands.commands).toEqual([]);
  });
});
