import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findVmFile, readVmFile } from '../../../src/vmfile/read-vmfile.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { errorOf, NO_VM_NODES, stubProvisioners } from '../../support/vmfile.js';

const directory = useTemporaryDirectory();
const at = (name: string) => join(directory.path, name);
const read = (name: string) =>
  readVmFile(at(name), { provisioners: stubProvisioners(), vmNodes: NO_VM_NODES, homeDir: '/home/me' });

/** Root may read everything, and so becomes nobody for a while. */
async function withoutPrivileges<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('readVmFile', () => {
  it('reads a file; paths in it are relative to its directory', async () => {
    await writeFile(at('VMFile.kdl'), 'vm a image="disk.qcow2"\n');
    const file = await read('VMFile.kdl');
    expect(file).toMatchObject({
      path: at('VMFile.kdl'),
      baseDir: directory.path,
      vms: [{ name: 'a', image: { kind: 'path', path: at('disk.qcow2') } }],
    });
  });

  it('says that there is no such file', async () => {
    const error = await errorOf(read('absent.kdl'));
    expect(error.code).toBe('VMCTL_VMFILE_NOT_FOUND');
    expect(error.message).toBe(`There is no file ${at('absent.kdl')}.`);
  });

  it('says so when a part of the path is a file', async () => {
    await writeFile(at('file'), '');
    expect((await errorOf(read('file/VMFile.kdl'))).code).toBe('VMCTL_VMFILE_NOT_FOUND');
  });

  it('refuses a directory', async () => {
    const error = await errorOf(read('.'));
    expect(error.code).toBe('VMCTL_VMFILE_UNREADABLE');
    expect(error.message).toBe(`${directory.path} is a directory, and no VMFile.`);
    expect(error.hint).toContain(`--file ${directory.path}/VMFile.kdl`);
  });

  it('says that it may not read the file', async () => {
    await writeFile(at('VMFile.kdl'), 'vm a image=x', { mode: 0o000 });
    const error = await errorOf(withoutPrivileges(() => read('VMFile.kdl')));
    expect(error.code).toBe('VMCTL_VMFILE_UNREADABLE');
    expect(error.message).toBe(`${at('VMFile.kdl')} cannot be read: permission denied.`);
  });

  it('says what the system said of a path that cannot be opened', async () => {
    await symlink('loop', at('loop'));
    const error = await errorOf(read('loop'));
    expect(error.code).toBe('VMCTL_VMFILE_UNREADABLE');
    expect(error.message).toContain('ELOOP');
  });

  it('refuses an empty file', async () => {
    await writeFile(at('VMFile.kdl'), '');
    expect((await errorOf(read('VMFile.kdl'))).problems).toMatchObject([
      { line: 1, column: 1, message: 'there is no VM in the file' },
    ]);
  });

  it('refuses a file of 10 MB without parsing it', async () => {
    // Would take the parser minutes.
    await writeFile(at('VMFile.kdl'), 'vm a 1 2 3 4\n'.repeat(800_000));
    const error = await errorOf(read('VMFile.kdl'));
    expect(error.code).toBe('VMCTL_VMFILE_INVALID');
    expect(error.message).toBe(
      `${at('VMFile.kdl')} cannot be used: the file is larger than 1 MiB, and no VMFile is.`,
    );
    expect(error.problems).toMatchObject([{ file: at('VMFile.kdl'), line: 1, column: 1 }]);
  });

  it('does not read on and on from what has no end', async () => {
    expect(
      (await errorOf(readVmFile('/dev/zero', { provisioners: stubProvisioners(), vmNodes: NO_VM_NODES })))
        .code,
    ).toBe('VMCTL_VMFILE_INVALID');
  });

  it('reads a file of just 1 MiB', async () => {
    const text = 'vm a image=x\n//';
    await writeFile(at('VMFile.kdl'), text + ' '.repeat(1024 * 1024 - text.length));
    expect((await read('VMFile.kdl')).vms).toHaveLength(1);
  });

  it('refuses a binary file', async () => {
    await writeFile(at('VMFile.kdl'), Uint8Array.from([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]));
    expect((await errorOf(read('VMFile.kdl'))).message).toBe(
      `${at('VMFile.kdl')} cannot be used: the file is binary, and no VMFile.`,
    );
  });

  it('refuses UTF-16, with the way to mend it', async () => {
    await writeFile(at('VMFile.kdl'), '\ufeffvm a image=x', 'utf16le');
    const error = await errorOf(read('VMFile.kdl'));
    expect(error.message).toContain('UTF-16');
    expect(error.hint).toBe('Save it as UTF-8.');
  });

  it.each([
    ['', 0],
    ['\ufeff', 3],
  ])('shows where it is not UTF-8 (after a mark of %d bytes)', async (mark) => {
    const before = Buffer.from(`${mark}vm a image=x\n// gr\ufffd`);
    await writeFile(at('VMFile.kdl'), Buffer.concat([before, Buffer.from([0xfc, 0xdf]), Buffer.from('e\n')]));
    expect((await errorOf(read('VMFile.kdl'))).problems).toMatchObject([
      { line: 2, column: 7, message: 'this is not UTF-8 text' },
    ]);
  });
});

describe('findVmFile', () => {
  it('finds the file of the directory', async () => {
    await writeFile(at('VMFile.kdl'), '');
    expect(await findVmFile(directory.path)).toBe(at('VMFile.kdl'));
  });

  it('finds the nearest one above', async () => {
    await mkdir(at('a/b/c'), { recursive: true });
    await writeFile(at('VMFile.kdl'), '');
    await writeFile(at('a/VMFile.kdl'), '');
    expect(await findVmFile(at('a/b/c'))).toBe(at('a/VMFile.kdl'));
  });

  it('finds one above a directory that does not exist', async () => {
    await writeFile(at('VMFile.kdl'), '');
    expect(await findVmFile(at('absent/too'))).toBe(at('VMFile.kdl'));
  });

  it('says where it looked', async () => {
    const error = await errorOf(findVmFile(directory.path));
    expect(error.code).toBe('VMCTL_VMFILE_NOT_FOUND');
    expect(error.message).toBe(`There is no VMFile.kdl in ${directory.path} or in a directory above it.`);
    expect(error.hint).toContain('--file PATH');
  });

  it('points to a file of nearly that name', async () => {
    await writeFile(at('vmfile.kdl'), '');
    expect((await errorOf(findVmFile(directory.path))).hint).toBe(
      'There is vmfile.kdl here: call it VMFile.kdl, or name it: --file vmfile.kdl',
    );
  });
});
