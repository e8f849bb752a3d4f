import { readdir } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { PluginHost, VmHandle } from '@vmctl/core/plugin';
import { createFakeHost } from '@vmctl/core/testing';
import { PropolisBackend } from '../../src/propolis-backend.js';
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
});
