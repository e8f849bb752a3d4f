import { describe, expect, it } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import type { Vmctl } from '../../../src/vmctl.js';
import { useNoopLibrary } from '../../support/noop-library.js';
import { until } from '../../support/until.js';

const library = useNoopLibrary();

async function oneVm(): Promise<Vmctl> {
  await library.write({ web: '' });
  const { vmctl } = library.open();
  await vmctl.up();
  return vmctl;
}

describe('wait', () => {
  it('ends at once for what is so already', async () => {
    const vmctl = await oneVm();
    for (const condition of ['running', 'ready'] as const) {
      expect(await vmctl.wait({ names: ['web'], for: condition, timeoutMs: 0 })).toMatchObject({
        ok: true,
        vms: [{ vm: 'web', outcome: condition }],
      });
    }
    await vmctl.stop({ names: ['web'] });
    expect((await vmctl.wait({ names: [], all: true, for: 'stopped', timeoutMs: 0 })).vms).toMatchObject([
      { vm: 'web', outcome: 'stopped' },
    ]);
  });

  it('waits for what another command does, and is in nobody’s way', async () => {
    const vmctl = await oneVm();
    const { vmctl: other, events } = library.open();
    /** The VM is found by then: one that is gone before is unknown. */
    const begun = (times: number) =>
      until('the wait', () => events.filter(({ type }) => type === 'vm.started').length === times);
    const stopped = other.wait({ names: ['web'], for: 'stopped' });
    await begun(1);
    await vmctl.stop({ names: ['web'], wait: false });
    expect(await stopped).toMatchObject({ ok: true, vms: [{ outcome: 'stopped' }] });

    const ready = other.wait({ names: ['web'] });
    await begun(2);
    await vmctl.start({ names: ['web'], wait: false });
    expect(await ready).toMatchObject({ ok: true, vms: [{ outcome: 'ready' }] });

    const gone = other.wait({ names: ['web'], for: 'stopped' });
    await begun(3);
    await vmctl.destroy({ names: ['web'], wait: false });
    expect(await gone).toMatchObject({ ok: true, vms: [{ outcome: 'stopped' }] });
  });

  it.each([
    ['stopped', 'running', 'vmctl stop web'],
    ['running', 'suspended', 'vmctl resume web'],
    ['ready', 'stopped', 'vmctl start web'],
  ] as const)(
    'for %s gives up in time on a VM that is %s, and says what to do',
    async (condition, state, hint) => {
      const vmctl = await oneVm();
      if (state === 'suspended') await vmctl.suspend({ names: ['web'] });
      if (state === 'stopped') await vmctl.stop({ names: ['web'] });
      const { ok, vms } = await vmctl.wait({ names: ['web'], for: condition, timeoutMs: 1 });
      expect(ok).toBe(false);
      expect(vms).toMatchObject([{ outcome: 'failed', error: { code: 'VMCTL_WAIT_TIMEOUT' } }]);
      expect(vms[0]?.error?.message).toContain(`it is ${state}.`);
      expect(vms[0]?.error?.hint).toContain(hint);
    },
  );

  it('that only looks says how the VM is, and speaks of no time', async () => {
    const vmctl = await oneVm();
    const { vms } = await vmctl.wait({ names: ['web'], for: 'stopped', timeoutMs: 0 });
    expect(vms[0]?.error?.message).toBe('web is not stopped: it is running.');
  });

  it.each(['failed', 'destroyed'])('does not wait for a VM that is %s to run', async (state) => {
    const vmctl = await oneVm();
    if (state === 'failed') await writeFile(library.stateFile('web'), 'broken');
    else await rm(library.stateFile('web'));
    expect((await vmctl.wait({ names: ['web'] })).vms).toMatchObject([
      { outcome: 'failed', error: { code: 'VMCTL_VM_WRONG_STATE' } },
    ]);
  });

  it('ends when it is interrupted', async () => {
    const vmctl = await oneVm();
    const interruption = new AbortController();
    const waiting = vmctl.wait({ names: ['web'], for: 'stopped', signal: interruption.signal });
    interruption.abort(new Error('Ctrl-C'));
    expect((await waiting).vms).toMatchObject([{ outcome: 'interrupted' }]);
  });

  it('refuses a name that there is not', async () => {
    const vmctl = await oneVm();
    await expect(vmctl.wait({ names: ['wbe'] })).rejects.toMatchObject({ code: 'VMCTL_VM_UNKNOWN' });
  });
});
