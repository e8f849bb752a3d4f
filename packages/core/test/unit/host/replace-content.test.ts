import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { replaceContent } from '../../../src/host/replace-content.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const path = (name: string): string => join(directory.path, name);
/** Root may write whatever the mode says. */
const itForUsers = process.getuid?.() === 0 ? it.skip : it;

describe('replaceContent', () => {
  it('keeps the mode of the file and the links that lead to it', async () => {
    await mkdir(path('elsewhere'));
    await writeFile(path('elsewhere/real'), 'old');
    await chmod(path('elsewhere/real'), 0o664);
    await symlink('elsewhere/real', path('link'));
    await replaceContent(path('link'), 'new');
    expect((await lstat(path('link'))).isSymbolicLink()).toBe(true);
    expect(await readFile(path('elsewhere/real'), 'utf8')).toBe('new');
    expect((await stat(path('elsewhere/real'))).mode & 0o777).toBe(0o664);
    expect(await readdir(path('elsewhere'))).toEqual(['real']);
  });

  it('makes no file where none is', async () => {
    await expect(replaceContent(path('missing'), 'new')).rejects.toMatchObject({
      code: 'VMCTL_FILE_MISSING',
    });
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('refuses what is no file', async () => {
    await symlink('/dev/null', path('null'));
    await expect(replaceContent(path('null'), 'new')).rejects.toMatchObject({ code: 'VMCTL_NOT_A_FILE' });
    await expect(replaceContent(directory.path, 'new')).rejects.toMatchObject({ code: 'VMCTL_NOT_A_FILE' });
  });

  itForUsers('leaves a file alone that is read-only', async () => {
    await writeFile(path('file'), 'old', { mode: 0o444 });
    await expect(replaceContent(path('file'), 'new')).rejects.toMatchObject({ code: 'VMCTL_NOT_WRITABLE' });
    expect(await readFile(path('file'), 'utf8')).toBe('old');
  });
});
