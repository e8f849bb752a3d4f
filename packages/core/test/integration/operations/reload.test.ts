import { describe, expect, it } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Vmctl } from '../../../src/vmctl.js';
import { useNoopLibrary } from '../../support/noop-library.js';

const library = useNoopLibrary();

/** Ids are the same for the life of a VM. */
async function ids(vmctl: Vmctl): Promise<Record<string, string>> {
  return Object.fromEntries((await vmctl.status()).map(({ name, id }) => [name, id]));
}

describe('reload', () => {
  it('makes every VM of the VMFile anew, whether it runs, is stopped, or is not there', async () => {
    await library.write({ web: '', db: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    await vmctl.stop({ names: ['db'] });
    const before = await ids(vmctl);
    const diary = join(dirname(library.stateFile('web')), 'provision.log');
    await writeFile(diary, 'of the old VM');

    await library.write({ web: 'vcpus 3', db: '', new: '' });
    const { ok, vms } = await vmctl.reload();
    expect({ ok, outcomes: vms.map(({ outcome }) => outcome) }).toEqual({
      ok: true,
      outcomes: ['up', 'up', 'up'],
    });
    const after = await ids(vmctl);
    expect(Object.keys(after).toSorted()).toEqual(['db', 'new', 'web']);
    expect(after['web']).not.toBe(before['web']);
    expect(after['db']).not.toBe(before['db']);
    expect(await vmctl.status({ names: ['web'] })).toMatchObject([{ state: 'running', vcpus: 3 }]);
    await expect(rm(diary)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('brings up what a named VM depends on, and leaves it as it is', async () => {
    await library.write({ db: '', web: 'depends-on "db"', other: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    await vmctl.stop({ names: ['db', 'other'] });
    const before = await ids(vmctl);
    expect((await vmctl.reload({ names: ['web'] })).vms).toMatchObject([
      { vm: 'db', outcome: 'up' },
      { vm: 'web', outcome: 'up' },
    ]);
    const after = await ids(vmctl);
    expect(after).toMatchObject({ db: before['db'], other: before['other'] });
    expect(after['web']).not.toBe(before['web']);
    expect(await vmctl.status({ names: ['other'] })).toMatchObject([{ state: 'stopped' }]);
  });

  it('keeps a VM whose image is gone', async () => {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    const before = await ids(vmctl);
    await rm(join(library.root, 'disk.img'));
    expect(await vmctl.reload()).toMatchObject({
      ok: false,
      vms: [{ outcome: 'failed', stage: 'resolve', error: { code: 'VMCTL_IMAGE_NOT_FOUND' } }],
    });
    expect(await ids(vmctl)).toEqual(before);
    expect(await vmctl.list()).toMatchObject([{ name: 'web', state: 'running' }]);
  });

  it('says that nothing has changed when it is interrupted before a VM is destroyed', async () => {
    await library.write({ web: '' });
    const { vmctl } = library.open();
    await vmctl.up();
    const interruption = new AbortController();
    vmctl.subscribe((event) => {
      if (event.type === 'stage.started') interruption.abort(new Error('Ctrl-C'));
    });
    expect((await vmctl.reload({ signal: interruption.signal })).vms).toMatchObject([
      { outcome: 'interrupted', error: { message: 'Interrupted in the stage resolve; web is as it was.' } },
    ]);
    expect(await vmctl.list()).toMatchObject([{ name: 'web', state: 'running' }]);
  });

  it('says `reload` in its events', async () => {
    await library.write({ web: '' });
    const { vmctl, events } = library.open();
    await vmctl.reload();
    expect(events.at(0)).toMatchObject({ type: 'run.started', operation: 'reload' });
    expect(events.at(-1)).toMatchObject({ type: 'run.finished', operation: 'reload', ok: true });
  });
});
