import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { isLeftover, writeAtomic } from '../../../src/host/atomic-file.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe('writeAtomic', () => {
  it('makes a file that is the user’s alone, and nothing else', async () => {
    const path = join(directory.path, 'vms.json');
    await writeAtomic(path, 'content');
    expect(await readFile(path, 'utf8')).toBe('content');
    expect(await modeOf(path)).toBe(0o600);
    expect(await readdir(directory.path)).toEqual(['vms.json']);
  });

  it('replaces a file, its mode included, and takes bytes', async () => {
    const path = join(directory.path, 'file');
    await writeFile(path, 'a longer old content');
    await chmod(path, 0o644);
    await writeAtomic(path, new Uint8Array([1, 2, 3]), 0o640);
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    expect(await modeOf(path)).toBe(0o640);
  });

  it('gives the mode that was asked for, whatever the umask', async () => {
    const path = join(directory.path, 'file');
    const umask = process.umask(0o077);
    try {
      await writeAtomic(path, '', 0o644);
    } finally {
      process.umask(umask);
    }
    expect(await modeOf(path)).toBe(0o644);
  });

  it('shows readers an old or a new content, never a part', async () => {
    const path = join(directory.path, 'file');
    const contents = ['a', 'b', 'c'].map((letter) => letter.repeat(200_000));
    await writeAtomic(path, contents[0] ?? '');
    let writing = true;
    const reading = (async () => {
      while (writing) expect(contents).toContain(await readFile(path, 'utf8'));
    })();
    await Promise.all(contents.map((content) => writeAtomic(path, content)));
    writing = false;
    await reading;
    expect(await readdir(directory.path)).toEqual(['file']);
  });

  it('takes names as long as the file system does', async () => {
    const path = join(directory.path, 'n'.repeat(255));
    await writeAtomic(path, 'x');
    expect(await readFile(path, 'utf8')).toBe('x');
  });

  it('leaves the old file and no temporary one when it fails', async () => {
    const path = join(directory.path, 'place');
    await mkdir(path);
    await expect(writeAtomic(path, 'x')).rejects.toMatchObject({
      code: 'VMCTL_FILE_FAILED',
      message: expect.stringContaining(`Cannot write ${path}: a directory is where a file is needed`),
    });
    expect(await readdir(directory.path)).toEqual(['place']);
  });

  it('names the path when the directory is missing or is a file', async () => {
    await expect(writeAtomic(join(directory.path, 'gone', 'x'), '')).rejects.toMatchObject({
      code: 'VMCTL_FILE_MISSING',
      message: expect.stringContaining(join(directory.path, 'gone', 'x')),
    });
    await writeFile(join(directory.path, 'file'), '');
    await expect(writeAtomic(join(directory.path, 'file', 'x'), '')).rejects.toMatchObject({
      code: 'VMCTL_NOT_A_DIRECTORY',
      details: { path: join(directory.path, 'file', 'x'), errno: 'ENOTDIR' },
    });
  });

  it('does not follow a link that somebody put in the place of the file', async () => {
    const target = join(directory.path, 'target');
    await writeFile(target, 'precious');
    await symlink(target, join(directory.path, 'link'));
    await writeAtomic(join(directory.path, 'link'), 'new');
    expect(await readFile(target, 'utf8')).toBe('precious');
  });
});

describe('isLeftover', () => {
  it('knows the temporary files of a name, and no others', () => {
    expect(isLeftover('.vms.json.0123456789ab.tmp', 'vms.json')).toBe(true);
    expect(isLeftover('.vms.json.0123456789ab.tmp', 'vms')).toBe(false);
    expect(isLeftover('vms.json', 'vms.json')).toBe(false);
    expect(isLeftover('.vms.json.corrupt-2026.tmp', 'vms.json')).toBe(false);
  });
});
