import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Vmctl } from '../../../src/vmctl.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const path = (name: string): string => join(directory.path, name);
const library = (cwd = directory.path): Vmctl =>
  new Vmctl({ env: {}, homeDir: directory.path, cwd, platform: 'linux' });

describe('init', () => {
  it('writes a VMFile that is valid and formatted, and that anybody may read', async () => {
    const created = await library().init({ name: 'web' });
    expect(created).toEqual({ path: path('VMFile.kdl'), vm: 'web', replaced: false });
    expect((await library().validate()).vms).toMatchObject([{ name: 'web' }]);
    expect(await library().format({ check: true })).toMatchObject([{ outcome: 'unchanged' }]);
    expect((await stat(path('VMFile.kdl'))).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it.each([
    ['My Project', 'my-project'],
    ['..web_2..', 'web-2'],
    ['日本', 'vm'],
    ['x'.repeat(100), 'x'.repeat(63)],
  ])('names the VM of the directory %j %s', async (name, vm) => {
    await mkdir(path(name));
    expect(await library(path(name)).init()).toMatchObject({ vm });
    expect((await library(path(name)).validate()).vms).toMatchObject([{ name: vm }]);
  });

  it('leaves a file alone that is there, whatever it is', async () => {
    await writeFile(path('VMFile.kdl'), 'mine');
    await symlink('nowhere', path('link.kdl'));
    await mkdir(path('directory.kdl'));
    for (const file of ['VMFile.kdl', 'link.kdl', 'directory.kdl']) {
      await expect(library().init({ file, name: 'web' })).rejects.toMatchObject({
        code: 'VMCTL_VMFILE_EXISTS',
      });
    }
    expect(await readFile(path('VMFile.kdl'), 'utf8')).toBe('mine');
    expect((await lstat(path('link.kdl'))).isSymbolicLink()).toBe(true);
    expect((await readdir(directory.path)).toSorted()).toEqual(['VMFile.kdl', 'directory.kdl', 'link.kdl']);
  });

  it('replaces a file when it is told to, and keeps its mode', async () => {
    await writeFile(path('VMFile.kdl'), 'mine');
    await chmod(path('VMFile.kdl'), 0o640);
    expect(await library().init({ name: 'web', force: true })).toMatchObject({ replaced: true });
    expect((await library().validate()).vms).toMatchObject([{ name: 'web' }]);
    expect((await stat(path('VMFile.kdl'))).mode & 0o777).toBe(0o640);
  });

  it('writes paths from the directory of the file', async () => {
    await mkdir(path('lab'));
    await library().init({ file: 'lab/a.kdl', name: 'a', image: 'images/a.qcow2' });
    await library().init({ file: 'lab/b.kdl', name: 'b', image: 'lab/~b.qcow2' });
    await library().init({ file: 'lab/c.kdl', name: 'c', image: '~/c.qcow2' });
    for (const [file, image] of [
      ['a', 'images/a.qcow2'],
      ['b', 'lab/~b.qcow2'],
      ['c', 'c.qcow2'],
    ] as const) {
      expect((await library().validate({ file: `lab/${file}.kdl` })).vms).toMatchObject([
        { image: { kind: 'path', path: path(image) } },
      ]);
    }
    expect(await readFile(path('lab/a.kdl'), 'utf8')).toContain('image "../images/a.qcow2"');
  });

  it('gives Debian room, and an image of the user’s what it has', async () => {
    await library().init({ file: 'a.kdl', name: 'a' });
    await library().init({ file: 'b.kdl', name: 'b', image: 'b.qcow2' });
    expect((await library().validate({ file: 'a.kdl' })).vms[0]?.diskBytes).toBe(20 * 1024 ** 3);
    expect((await library().validate({ file: 'b.kdl' })).vms[0]?.diskBytes).toBeUndefined();
  });

  it('gives a VM whose name no host can have another host name', async () => {
    await library().init({ name: 'my_vm' });
    expect((await library().validate()).vms).toMatchObject([
      { name: 'my_vm', cloudInit: { hostname: 'my-vm' } },
    ]);
  });

  it.each([
    [{ name: '../web' }, 'VMCTL_VM_NAME_INVALID'],
    [{ name: 'web', memory: 'much' }, 'VMCTL_USAGE'],
    [{ name: 'web', disk: '0' }, 'VMCTL_USAGE'],
    [{ name: 'web', vcpus: 0 }, 'VMCTL_USAGE'],
    [{ name: 'web', imageUrl: 'noble.img' }, 'VMCTL_USAGE'],
    [{ name: 'web', image: 'a.img', imageUrl: 'https://example.org/a.img' }, 'VMCTL_USAGE'],
    [{ name: 'web', sha256: 'abc' }, 'VMCTL_USAGE'],
    [{ name: 'web', file: 'no/such/directory.kdl' }, 'VMCTL_FILE_MISSING'],
  ])('refuses %j, and writes nothing', async (options, code) => {
    await expect(library().init(options)).rejects.toMatchObject({ code });
    expect(await readdir(directory.path)).toEqual([]);
  });
});
