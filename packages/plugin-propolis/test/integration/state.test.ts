import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { VmHandle } from '@vmctl/core/plugin';
import { readRecord, writeRecord } from '../../src/vm-record.js';
import { contextOf, useIllumosLab } from '../support/illumos-lab.js';

const lab = useIllumosLab();

/** What the backend sees of a VM whose server gives a certain answer to the next question for its VM. */
async function stateWith(vm: VmHandle, fault: Readonly<Record<string, unknown>>) {
  await lab.tell(vm, 'fault', JSON.stringify({ step: 'get', ...fault }));
  return lab.backend().state(vm, contextOf());
}

/** As it is when vmctl was killed between the start of the server and `ensure`. */
async function notEnsured(vm: VmHandle): Promise<void> {
  const record = await readRecord(vm.work_dir);
  if (record === undefined || record.run === null) throw new Error('it runs');
  await writeRecord(lab.host(), vm.work_dir, { ...record, run: { ...record.run, ensured: false } });
}

const NO_VM = { status: 424, errorCode: 'NoInstance' };

describe('a VM whose server lives', () => {
  it('has failed when the server has no VM, and should have one', async () => {
    const vm = await lab.recorded();
    expect(await stateWith(vm, NO_VM)).toMatchObject({ name: 'failed', pid: vm.pid });
    await notEnsured(vm);
    expect(await stateWith(vm, NO_VM)).toMatchObject({ name: 'prepared', pid: vm.pid });
  });

  it('runs as far as can be told when the server does not answer, unless that is only starting', async () => {
    const vm = await lab.recorded();
    expect(await stateWith(vm, { kind: 'drop' })).toMatchObject({
      name: 'running',
      detail: expect.stringContaining('does not answer'),
    });
    await notEnsured(vm);
    expect(await stateWith(vm, { kind: 'drop' })).toMatchObject({ name: 'preparing' });
  });

  it('has failed when another VM is behind its port, which is told nothing', async () => {
    const asked = join(lab.root, 'requests');
    const vm = await lab.recorded(lab.backend({}, { env: { FAKE_PROPOLIS_REQUESTS: asked } }));
    const properties = { id: '00000000-0000-4000-8000-000000000099', name: 'other' };
    const body = JSON.stringify({ instance: { properties, state: 'Running' } });
    expect(await stateWith(vm, { kind: 'text', status: 200, body, times: 2 })).toMatchObject({
      name: 'failed',
      detail: expect.stringContaining('another VM is behind its port'),
    });
    await lab.backend().stop(vm, { timeoutMs: 60_000 }, contextOf());
    expect((await lab.backend().state(vm, contextOf())).name).toBe('stopped');
    const requests = await readFile(asked, 'utf8');
    expect(requests).toContain(JSON.stringify('"Run"'));
    expect(requests).not.toContain(JSON.stringify('"Stop"'));
  });
});
