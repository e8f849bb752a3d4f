import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DataDir, resolveDataDir } from '../../../src/state/data-dir.js';
import { workDirFiles } from '../../../src/state/work-dir-files.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe('resolveDataDir', () => {
  it.each([
    [{ XDG_DATA_HOME: '/data' }, '/data/vmctl'],
    [{}, '/home/me/.local/share/vmctl'],
    [{ XDG_DATA_HOME: '' }, '/home/me/.local/share/vmctl'],
    [{ XDG_DATA_HOME: 'relative' }, '/home/me/.local/share/vmctl'],
    [{ XDG_DATA_HOME: './x' }, '/home/me/.local/share/vmctl'],
  ])('%j: %s', (env, expected) => {
    expect(resolveDataDir(env, '/home/me')).toBe(expected);
  });
});

describe('DataDir', () => {
  it('makes its directories for the user alone, as often as it is asked to', async () => {
    const dataDir = new DataDir(join(directory.path, 'share', 'vmctl'));
    await dataDir.open();
    await dataDir.open();
    expect((await readdir(dataDir.path)).sort()).toEqual(['.locks', 'images', 'vms']);
    for (const path of [join(directory.path, 'share'), dataDir.path, dataDir.images, dataDir.vms]) {
      expect(await modeOf(path)).toBe(0o700);
    }
  });

  it('closes its own directory when it stands open, and leaves its parent as it is', async () => {
    const share = join(directory.path, 'share');
    await mkdir(join(share, 'vmctl'), { recursive: true });
    await chmod(share, 0o755);
    await chmod(join(share, 'vmctl'), 0o755);
    await new DataDir(join(share, 'vmctl')).open();
    expect(await modeOf(join(share, 'vmctl'))).toBe(0o700);
    expect(await modeOf(share)).toBe(0o755);
  });

  it('closes its directories, and not the one around them, where that holds files of others as well', async () => {
    const project = join(directory.path, 'project');
    await mkdir(join(project, 'vms'), { recursive: true });
    await writeFile(join(project, 'README.md'), '');
    for (const path of [project, join(project, 'vms')]) await chmod(path, 0o755);
    const dataDir = new DataDir(project);
    expect(await dataDir.openToOthers()).toEqual([dataDir.vms]);
    await dataDir.open();
    expect(await modeOf(project)).toBe(0o755);
    for (const path of [dataDir.vms, dataDir.images, dataDir.locks]) expect(await modeOf(path)).toBe(0o700);
    expect(await dataDir.openToOthers()).toEqual([]);
  });

  it('knows all that vmctl keeps in it as its own', async () => {
    const dataDir = new DataDir(join(directory.path, 'vmctl'));
    await dataDir.open();
    for (const name of ['plugins', 'project-plugins', '.image-claims']) await mkdir(join(dataDir.path, name));
    for (const name of ['vms.json', 'vms.json.corrupt-20260101T000000Z', '.vms.json.1-abc', 'events.jsonl']) {
      await writeFile(join(dataDir.path, name), '');
    }
    await chmod(dataDir.path, 0o755);
    expect(await dataDir.openToOthers()).toEqual([dataDir.path]);
  });

  it.each([['vmctl'], ['vmctl/vms'], ['vmctl/images'], ['vmctl/.locks']])(
    'says what to do when a file is in the place of %s',
    async (place) => {
      const path = join(directory.path, place);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, '');
      await expect(new DataDir(join(directory.path, 'vmctl')).open()).rejects.toMatchObject({
        code: 'VMCTL_NOT_A_DIRECTORY',
        message: expect.stringContaining(path),
        hint: expect.stringContaining('VMCTL_DATA_DIR'),
      });
    },
  );

  it.each(['../x', '', '.', '..', '.hidden', 'a/b', '-x', '_x', 'ü', 'x'.repeat(64), 'x\n', 'a\0b'])(
    'does not make a path of the name %j',
    (name) => {
      expect(() => new DataDir('/d').workDir(name)).toThrow(
        expect.objectContaining({ code: 'VMCTL_VM_NAME_INVALID' }),
      );
    },
  );

  it.each(['web', 'A', '0', 'a.b_c-d', 'x'.repeat(63)])('has a work directory for %s', (name) => {
    expect(new DataDir('/d').workDir(name)).toBe(`/d/vms/${name}`);
  });
});

describe('workDirFiles', () => {
  it('has the names of the documented layout', () => {
    const names = Object.values(workDirFiles('/w')).map((path) => path.replace('/w/', ''));
    expect(names).toEqual([
      'overlay.qcow2',
      'seed.iso',
      'qmp.sock',
      'console.sock',
      'console.log',
      'provision.log',
      'id_ed25519_generated',
      'id_ed25519_generated.pub',
      'known_hosts',
      'pidfile',
    ]);
  });
});
