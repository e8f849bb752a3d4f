import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { createProcessTable } from '../../../src/host/process-table.js';
import type { NoopBackend } from '../../../src/hypervisor/noop-backend.js';
import { inspectVm } from '../../../src/operations/inspection.js';
import { Runtime } from '../../../src/operations/runtime.js';
import { DataDir } from '../../../src/state/data-dir.js';
import { lockVm } from '../../../src/state/vm-lock.js';
import { useNoopLibrary } from '../../support/noop-library.js';

describe('the status of a VM', () => {
  const library = useNoopLibrary();

  it('has what its engine says while it runs, and nothing of it afterwards', async () => {
    await library.write({ web: 'vcpus 2' });
    const { vmctl } = library.open();
    await vmctl.up();
    expect(await vmctl.status({ names: ['web'] })).toMatchObject([
      { state: 'running', live: { status: 'running', engine: 'noop', vcpus: 2, problems: [] } },
    ]);
    await vmctl.stop({ names: ['web'] });
    expect(await vmctl.status({ names: ['web'] })).toMatchObject([{ state: 'stopped', live: null }]);
  });

  it('has the steps that have run, with the names of fields that documents have', async () => {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    const runtime = new Runtime({ env: {}, homeDir: library.root, cwd: library.root });
    await runtime.registry.update('web', (handle) =>
      handle === undefined
        ? undefined
        : { ...handle, provisioned: { site: { fingerprint: '', finished_at: '2026-03-04T15:06:07.000Z' } } },
    );
    const [web] = await vmctl.status();
    expect(web?.provisioned).toEqual({ site: { fingerprint: '', finishedAt: '2026-03-04T15:06:07.000Z' } });
  });

  it('comes by name, or as it was asked for', async () => {
    await library.write({ web: '', app: '', db: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    const order = async (names?: readonly string[]): Promise<string[]> =>
      (await vmctl.status(names === undefined ? {} : { names })).map(({ name }) => name);
    expect(await order()).toEqual(['app', 'db', 'web']);
    expect(await order(['web', 'app'])).toEqual(['web', 'app']);
  });

  it('has the command that works on it', async () => {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    const lock = await lockVm(new DataDir(join(library.root, '.local/share/vmctl')), 'web', {
      purpose: 'vmctl reload',
      wait: false,
      processes: createProcessTable(),
    });
    try {
      expect(await vmctl.status()).toMatchObject([{ busy: { purpose: 'vmctl reload', pid: process.pid } }]);
    } finally {
      await lock.release();
    }
    expect(await vmctl.status()).toMatchObject([{ busy: null }]);
  });

  describe('whose backend does not keep to its contract', () => {
    /** What is said of a VM whose backend inspects it like this. */
    async function inspectWith(inspect: NoopBackend['inspect'], limitMs?: number) {
      await library.write({ web: '' });
      await library.open().vmctl.up();
      const runtime = new Runtime({ env: {}, homeDir: library.root, cwd: library.root });
      const backend = await runtime.router.backend('noop');
      Object.assign(backend, { inspect });
      const [handle] = await runtime.registry.list();
      if (handle === undefined) throw new Error('there is no VM');
      return inspectVm(runtime, handle, new AbortController().signal, limitMs);
    }

    it('says that it failed', async () => {
      const found = await inspectWith(async () => {
        throw new Error('no idea');
      });
      expect(found).toEqual({ problems: ['no idea'] });
    });

    it('says that it hangs, and does not wait for it', async () => {
      const found = await inspectWith(() => new Promise(() => undefined), 20);
      expect(found).toEqual({ problems: ['The backend noop did not answer within 0.02 s.'] });
    });
  });
});
