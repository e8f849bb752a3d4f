import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createWorkDir,
  halfMadeVms,
  isHalfMade,
  removeWorkDir,
  settleWorkDir,
} from '../../../src/state/work-dir.js';

let vms: string;
let path: string;
beforeEach(async () => {
  vms = await mkdtemp(join(tmpdir(), 'vmctl-work-dir-'));
  path = join(vms, 'web');
});
afterEach(async () => {
  await rm(vms, { recursive: true, force: true });
});

describe('a work directory', () => {
  it('is for the user alone, and half made until it is settled', async () => {
    await createWorkDir(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect(await isHalfMade(path)).toBe(true);
    await settleWorkDir(path);
    expect(await isHalfMade(path)).toBe(false);
    expect(await readdir(path)).toEqual([]);
  });

  it('replaces what a killed run left', async () => {
    await createWorkDir(path);
    await writeFile(join(path, 'overlay.qcow2'), 'half');
    await mkdir(join(vms, '.new-web-abc123'));
    await createWorkDir(path);
    expect(await readdir(path)).toEqual(['.preparing']);
    expect(await readdir(vms)).toEqual(['web']);
  });

  it("leaves another VM's unborn directory alone", async () => {
    await mkdir(join(vms, '.new-web-2-abc123'));
    await createWorkDir(path);
    expect((await readdir(vms)).toSorted()).toEqual(['.new-web-2-abc123', 'web']);
  });

  it('is never replaced when it is finished: it may hold a disk', async () => {
    await createWorkDir(path);
    await settleWorkDir(path);
    await writeFile(join(path, 'overlay.qcow2'), 'precious');
    await expect(createWorkDir(path)).rejects.toMatchObject({ code: 'VMCTL_WORKDIR_UNREGISTERED' });
    expect(await readdir(path)).toEqual(['overlay.qcow2']);
  });

  it('is removed with what an earlier removal left that was killed', async () => {
    await createWorkDir(path);
    await settleWorkDir(path);
    await writeFile(join(path, 'overlay.qcow2'), 'x');
    await removeWorkDir(path);
    expect(await readdir(vms)).toEqual([]);
    // What a removal that was killed left goes with the next one.
    await mkdir(join(vms, '.new-web-abc123'));
    await removeWorkDir(path);
    expect(await readdir(vms)).toEqual([]);
  });

  it('is found as half made by its name', async () => {
    await createWorkDir(path);
    await mkdir(join(vms, 'db'));
    expect(await halfMadeVms(vms)).toEqual(['web']);
    expect(await halfMadeVms(join(vms, 'nowhere'))).toEqual([]);
  });

  it('that is a link stays, with what it leads to', async () => {
    await mkdir(join(vms, 'elsewhere'));
    await symlink('elsewhere', path);
    await expect(removeWorkDir(path)).rejects.toMatchObject({
      code: 'VMCTL_FILE_FAILED',
      message: expect.stringContaining('symbolic link'),
      hint: expect.stringContaining(`rm ${path}`),
    });
    expect((await readdir(vms)).toSorted()).toEqual(['elsewhere', 'web']);
  });

  it('that is no directory stays, with nothing beside it', async () => {
    await writeFile(path, '');
    await expect(removeWorkDir(path)).rejects.toMatchObject({ message: expect.stringContaining(path) });
    expect(await readdir(vms)).toEqual(['web']);
  });

  it('may be removed twice', async () => {
    await createWorkDir(path);
    await removeWorkDir(path);
    await removeWorkDir(path);
    expect(await readdir(vms)).toEqual([]);
  });
});
