import { describe, expect, it } from '@jest/globals';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Vmctl } from '../../../src/vmctl.js';
import { useNoopLibrary } from '../../support/noop-library.js';

const library = useNoopLibrary();

async function twoVms(): Promise<Vmctl> {
  await library.write({ web: '', db: '' });
  const { vmctl } = library.open();
  await vmctl.up();
  // None of these operations may need it.
  await rm(join(library.root, 'VMFile.kdl'));
  return vmctl;
}

async function states(vmctl: Vmctl): Promise<Record<string, string>> {
  return Object.fromEntries((await vmctl.list()).map(({ name, state }) => [name, state]));
}

describe('stop and start', () => {
  it('stop and start VMs without their VMFile, and say when there is nothing to do', async () => {
    const vmctl = await twoVms();
    expect((await vmctl.stop({ names: ['web'] })).vms).toMatchObject([{ vm: 'web', outcome: 'stopped' }]);
    expect((await vmctl.stop({ names: [], all: true })).vms).toMatchObject([
      { vm: 'db', outcome: 'stopped' },
      { vm: 'web', outcome: 'already-stopped' },
    ]);
    expect((await vmctl.start({ names: ['web', 'web'] })).vms).toMatchObject([
      { vm: 'web', outcome: 'started' },
    ]);
    expect(await vmctl.start({ names: [], all: true })).toMatchObject({
      ok: true,
      vms: [
        { vm: 'db', outcome: 'started' },
        { vm: 'web', outcome: 'already-running' },
      ],
    });
    expect(await states(vmctl)).toEqual({ web: 'running', db: 'running' });
  });

  it('wake a suspended VM up, and stop one', async () => {
    const vmctl = await twoVms();
    await vmctl.suspend({ names: ['web', 'db'] });
    expect((await vmctl.start({ names: ['web'] })).vms).toMatchObject([{ outcome: 'resumed' }]);
    expect((await vmctl.stop({ names: ['db'] })).vms).toMatchObject([{ outcome: 'stopped' }]);
    expect(await states(vmctl)).toEqual({ web: 'running', db: 'stopped' });
  });

  it('end a failed VM, also before it starts again', async () => {
    const vmctl = await twoVms();
    await writeFile(library.stateFile('web'), 'broken');
    expect((await vmctl.stop({ names: ['web'] })).vms).toMatchObject([{ outcome: 'stopped' }]);
    expect(await states(vmctl)).toMatchObject({ web: 'failed' });
    expect((await vmctl.start({ names: ['web'] })).vms).toMatchObject([{ outcome: 'started' }]);
    expect(await states(vmctl)).toMatchObject({ web: 'running' });
  });

  it('only start a VM whose `up` never came to its end: the rest is still left for `up`', async () => {
    await library.write({ web: 'ssh' });
    const { vmctl } = library.open();
    await vmctl.up();
    const registry = join(library.root, '.local/share/vmctl/vms.json');
    await writeFile(
      registry,
      (await readFile(registry, 'utf8')).replace(/"up_pending": false/, '"up_pending": true'),
    );
    await vmctl.stop({ names: ['web'] });
    const { vmctl: other, events } = library.open();
    await other.start({ names: ['web'] });
    expect(events.map(({ type }) => type)).toEqual([
      'run.started',
      'vm.started',
      'vm.finished',
      'run.finished',
    ]);
    expect(await other.list()).toMatchObject([{ state: 'running', unfinished: true }]);
  });

  it('cannot start a VM whose disk is gone, and do not touch the others', async () => {
    const vmctl = await twoVms();
    await vmctl.stop({ names: [], all: true });
    await rm(library.stateFile('web'));
    expect(await vmctl.start({ names: ['web', 'db'] })).toMatchObject({
      ok: false,
      vms: [
        { vm: 'web', outcome: 'failed', error: { code: 'VMCTL_VM_WRONG_STATE' } },
        { vm: 'db', outcome: 'started' },
      ],
    });
  });

  it('refuse a name that there is not, before anything is done', async () => {
    const vmctl = await twoVms();
    await expect(vmctl.stop({ names: ['web', 'bd'] })).rejects.toMatchObject({
      code: 'VMCTL_VM_UNKNOWN',
      hint: 'Did you mean "db"?',
    });
    expect(await states(vmctl)).toEqual({ web: 'running', db: 'running' });
  });
});

describe('restart', () => {
  it('stops and starts a running VM, and starts a stopped one', async () => {
    const vmctl = await twoVms();
    await vmctl.stop({ names: ['db'] });
    expect((await vmctl.restart({ names: ['web', 'db'] })).vms).toMatchObject([
      { vm: 'web', outcome: 'restarted' },
      { vm: 'db', outcome: 'started' },
    ]);
    expect(await states(vmctl)).toEqual({ web: 'running', db: 'running' });
  });
});

describe('suspend and resume', () => {
  it('freeze a VM and let it go on, and say when there is nothing to do', async () => {
    const vmctl = await twoVms();
    expect((await vmctl.suspend({ names: ['web'] })).vms).toMatchObject([{ outcome: 'suspended' }]);
    expect((await vmctl.suspend({ names: ['web'] })).vms).toMatchObject([{ outcome: 'already-suspended' }]);
    expect(await states(vmctl)).toEqual({ web: 'suspended', db: 'running' });
    expect((await vmctl.resume({ names: [], all: true })).vms).toMatchObject([
      { vm: 'db', outcome: 'already-running' },
      { vm: 'web', outcome: 'resumed' },
    ]);
    expect(await states(vmctl)).toEqual({ web: 'running', db: 'running' });
  });

  it.each(['suspend', 'resume'] as const)('%s fails for a VM that does not run', async (verb) => {
    const vmctl = await twoVms();
    await vmctl.stop({ names: ['web'] });
    expect(await vmctl[verb]({ names: ['web'] })).toMatchObject({
      ok: false,
      vms: [{ outcome: 'failed', error: { code: 'VMCTL_VM_WRONG_STATE' } }],
    });
    expect(await states(vmctl)).toMatchObject({ web: 'stopped' });
  });
});
