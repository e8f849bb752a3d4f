import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Vmctl } from '../../../src/vmctl.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const path = (name: string): string => join(directory.path, name);
const library = (cwd = directory.path): Vmctl => new Vmctl({ env: {}, homeDir: directory.path, cwd });

const UGLY = 'vm   "web" image="x" // mine';
const FINE = 'vm "web" image="x" // mine\n';

describe('format', () => {
  it('formats the VMFile of the working directory or its parents', async () => {
    await writeFile(path('VMFile.kdl'), UGLY);
    await mkdir(path('deep'));
    expect(await library(path('deep')).format()).toEqual([
      { path: path('VMFile.kdl'), outcome: 'formatted' },
    ]);
    expect(await readFile(path('VMFile.kdl'), 'utf8')).toBe(FINE);
    expect(await library().format()).toEqual([{ path: path('VMFile.kdl'), outcome: 'unchanged' }]);
  });

  it('does not touch a file that is formatted', async () => {
    await writeFile(path('a.kdl'), FINE);
    const before = await stat(path('a.kdl'));
    await library().format({ files: ['a.kdl'] });
    expect(await stat(path('a.kdl'))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  });

  it('changes nothing when it only checks', async () => {
    await writeFile(path('a.kdl'), UGLY);
    expect(await library().format({ files: ['a.kdl'], check: true })).toEqual([
      { path: 'a.kdl', outcome: 'unformatted' },
    ]);
    expect(await readFile(path('a.kdl'), 'utf8')).toBe(UGLY);
  });

  it('keeps the mode of the file, and the link that leads to it', async () => {
    await writeFile(path('real.kdl'), UGLY);
    await chmod(path('real.kdl'), 0o640);
    await symlink('real.kdl', path('link.kdl'));
    expect(await library().format({ files: ['link.kdl'] })).toMatchObject([{ outcome: 'formatted' }]);
    expect((await lstat(path('link.kdl'))).isSymbolicLink()).toBe(true);
    expect((await stat(path('real.kdl'))).mode & 0o777).toBe(0o640);
    expect(await readFile(path('real.kdl'), 'utf8')).toBe(FINE);
    expect((await readdir(directory.path)).toSorted()).toEqual(['link.kdl', 'real.kdl']);
  });

  it('takes a byte order mark out of a file that is formatted otherwise', async () => {
    await writeFile(path('a.kdl'), `\ufeff${FINE}`);
    expect(await library().format({ files: ['a.kdl'] })).toMatchObject([{ outcome: 'formatted' }]);
    expect(await readFile(path('a.kdl'), 'utf8')).toBe(FINE);
  });

  it('leaves a file alone that is not KDL, and formats the others', async () => {
    await writeFile(path('bad.kdl'), 'vm   "web" {');
    await writeFile(path('good.kdl'), UGLY);
    expect(await library().format({ files: ['bad.kdl', 'missing.kdl', 'good.kdl'] })).toMatchObject([
      { path: 'bad.kdl', outcome: 'failed', error: { code: 'VMCTL_VMFILE_INVALID' } },
      { path: 'missing.kdl', outcome: 'failed', error: { code: 'VMCTL_VMFILE_NOT_FOUND' } },
      { path: 'good.kdl', outcome: 'formatted' },
    ]);
    expect(await readFile(path('bad.kdl'), 'utf8')).toBe('vm   "web" {');
  });

  it('does not put a file in the place of a device', async () => {
    await symlink('/dev/null', path('null.kdl'));
    const [result] = await library().format({ files: ['null.kdl'] });
    expect(result).toEqual({ path: 'null.kdl', outcome: 'unchanged' });
    await symlink('/proc/self/limits', path('limits.kdl'));
    expect(await library().format({ files: ['limits.kdl'] })).toMatchObject([{ outcome: 'failed' }]);
  });
});

describe('formatBytes', () => {
  it('gives the text, and whether it was that already', async () => {
    expect(await library().formatBytes(Buffer.from(UGLY), 'standard input')).toEqual({
      text: FINE,
      outcome: 'formatted',
    });
    expect(await library().formatBytes(Buffer.from(FINE), 'standard input')).toMatchObject({
      outcome: 'unchanged',
    });
  });

  it('calls the text in messages what it was told', async () => {
    await expect(library().formatBytes(Buffer.from('a {'), 'standard input')).rejects.toMatchObject({
      code: 'VMCTL_VMFILE_INVALID',
      message: expect.stringMatching(/^standard input has a problem:\n\nstandard input:1:3: /),
    });
  });
});
