import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VmctlEvent } from '../../../src/events/events.js';
import { Vmctl } from '../../../src/vmctl.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vmctl-library-'));
  const disk = Buffer.alloc(1024 * 1024);
  disk.writeUInt16LE(0xaa55, 510);
  await writeFile(join(directory, 'disk.img'), disk);
  await writeFile(join(directory, 'VMFile.kdl'), 'vm "web" { image "disk.img"; backend "noop" }');
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function library(): { vmctl: Vmctl; events: VmctlEvent[] } {
  const vmctl = new Vmctl({ env: {}, homeDir: directory, cwd: directory });
  const events: VmctlEvent[] = [];
  vmctl.subscribe((event) => {
    events.push(event);
  });
  return { vmctl, events };
}

describe('vmctl as a library', () => {
  it('runs each stage once in every run, however many runs there are', async () => {
    const { vmctl, events } = library();
    for (let run = 1; run <= 3; run++) {
      events.length = 0;
      expect(await vmctl.up()).toMatchObject({ ok: true, vms: [{ vm: 'web', outcome: 'up' }] });
      const stages = events.flatMap((event) => (event.type === 'stage.finished' ? [event.stage] : []));
      expect(stages).toEqual(['resolve', 'prepare', 'start', 'ready', 'provision']);
      expect(await vmctl.list()).toMatchObject([{ name: 'web', state: 'running' }]);
      expect(await vmctl.destroy({ names: ['web'] })).toMatchObject({ ok: true });
    }
  });

  it('stops and starts the same VM', async () => {
    const { vmctl } = library();
    await vmctl.up();
    expect((await vmctl.down()).vms).toMatchObject([{ outcome: 'stopped' }]);
    expect((await vmctl.down()).vms).toMatchObject([{ outcome: 'already-stopped' }]);
    expect((await vmctl.up()).vms).toMatchObject([{ outcome: 'up' }]);
    expect((await vmctl.up()).vms).toMatchObject([{ outcome: 'already-running' }]);
    expect(await vmctl.status({ names: ['web'] })).toMatchObject([{ backend: 'noop', unfinished: false }]);
  });

  it('stands on the image itself, not on a link to it', async () => {
    await symlink('disk.img', join(directory, 'link.img'));
    await writeFile(join(directory, 'VMFile.kdl'), 'vm "web" { image "link.img"; backend "noop" }');
    const { vmctl } = library();
    await vmctl.up();
    expect(await vmctl.status()).toMatchObject([{ image: await realpath(join(directory, 'disk.img')) }]);
  });

  it('rejects for what is wrong before anything is done', async () => {
    const { vmctl, events } = library();
    await expect(vmctl.up({ names: ['wbe'] })).rejects.toMatchObject({
      code: 'VMCTL_VM_UNKNOWN',
      hint: 'Did you mean "web"?',
    });
    expect(events).toEqual([]);
  });
});
