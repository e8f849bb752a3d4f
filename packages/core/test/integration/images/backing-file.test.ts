import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { backingFileName } from '../../../src/images/backing-file.js';
import { itUnlessRoot } from '../../support/programs.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { makeQcow2, run } from './disk-images.js';

const directory = useTemporaryDirectory();
const at = (name: string) => join(directory.path, name);

describe('what a disk stands on', () => {
  it('is told by an overlay of qemu-img, whether it names the file by path or in a block graph', async () => {
    makeQcow2(at('base.img'), '8M');
    run('qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('base.img'), at('overlay'));
    const graph = JSON.stringify({ driver: 'qcow2', file: { driver: 'file', filename: at('base.img') } });
    run('qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', `json:${graph}`, at('other'));
    expect(await backingFileName(at('overlay'))).toBe('base.img');
    expect(await backingFileName(at('other'))).toBe('base.img');
  });

  it('is nothing for a disk of its own, another file, and one that is gone', async () => {
    makeQcow2(at('base.img'), '8M');
    await writeFile(at('notes'), 'no disk');
    expect(await backingFileName(at('base.img'))).toBeUndefined();
    expect(await backingFileName(at('notes'))).toBeUndefined();
    expect(await backingFileName(at('gone'))).toBeUndefined();
  });

  itUnlessRoot()('is an error for a disk that cannot be read: it might be anything', async () => {
    makeQcow2(at('base.img'), '8M');
    await chmod(at('base.img'), 0);
    await expect(backingFileName(at('base.img'))).rejects.toMatchObject({ code: 'VMCTL_NOT_READABLE' });
  });
});
