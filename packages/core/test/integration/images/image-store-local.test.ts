import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { createExec } from '../../../src/host/exec.js';
import { createDiskTools } from '../../../src/images/disk-tools.js';
import type { DiskTools, ImageReference } from '../../../src/images/contract.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { makeQcow2, makeRawDisk, run } from './disk-images.js';
import { createStore, listener } from './image-stores.js';

const MiB = 1024 * 1024;
const directory = useTemporaryDirectory();
const at = (name: string) => join(directory.path, name);
const path = (name: string): ImageReference => ({ kind: 'path', path: at(name) });
const images = () => readdir(at('images'));
const digest = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

describe('a local image', () => {
  it('is used where it is', async () => {
    makeQcow2(at('disk.qcow2'), '64M');
    const { seen, ...options } = listener();
    expect(await createStore(directory.path).resolve(path('disk.qcow2'), options)).toEqual({
      path: at('disk.qcow2'),
      format: 'qcow2',
      virtualSize: 64 * MiB,
      label: 'disk.qcow2',
      origin: 'local',
    });
    expect(seen).toEqual([]);
    expect(await readdir(directory.path)).toEqual(['disk.qcow2']);
  });

  it('is inspected once for all VMs that ask at the same time', async () => {
    makeQcow2(at('disk.qcow2'), '64M');
    let inspections = 0;
    const real = createDiskTools({ exec: createExec() });
    const disks: DiskTools = {
      ...real,
      inspect: (...args) => {
        inspections += 1;
        return real.inspect(...args);
      },
    };
    const store = createStore(directory.path, { disks });
    const all = await Promise.all(
      ['a', 'b', 'c'].map((vm) => store.resolve(path('disk.qcow2'), listener(vm))),
    );
    expect(all.map((each) => each.path)).toEqual(Array(3).fill(at('disk.qcow2')));
    expect(inspections).toBe(1);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['missing', async () => undefined, 'VMCTL_IMAGE_NOT_FOUND'],
    ['a directory', () => mkdir(at('x')), 'VMCTL_IMAGE_INVALID'],
    ['a text file', () => writeFile(at('x'), 'hello\n'), 'VMCTL_IMAGE_INVALID'],
    [
      'a truncated qcow2',
      async () => {
        makeQcow2(at('x'), '64M');
        await truncate(at('x'), 500_000);
      },
      'VMCTL_IMAGE_INVALID',
    ],
    [
      'a qcow2 on another file',
      async () => {
        run('qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-F', 'raw', '-b', '/etc/shadow', at('x'), '1G');
      },
      'VMCTL_IMAGE_BACKING_FILE',
    ],
  ])('is refused when it is %s', async (_what, make, code) => {
    await make();
    await expect(createStore(directory.path).resolve(path('x'), listener())).rejects.toMatchObject({
      code,
      message: expect.stringContaining(at('x')),
    });
  });

  it('is not looked at after an abort', async () => {
    const options = listener('web', AbortSignal.abort(new Error('enough')));
    await expect(createStore(directory.path).resolve(path('x'), options)).rejects.toThrow('enough');
  });
});

describe('a packed local image', () => {
  it.each([
    ['xz', 'disk.qcow2.xz'],
    ['gzip', 'disk.qcow2.gz'],
    ['zstd', 'disk.qcow2.zst'],
    ['xz', 'with-the-wrong-suffix.gz'],
    ['gzip', 'without-a-suffix'],
  ])('is unpacked with %s into the cache, once', async (program, name) => {
    makeQcow2(at('disk.qcow2'), '64M');
    run(program, '-q', '-k', at('disk.qcow2'), ...(program === 'zstd' ? ['-o', at('packed')] : []));
    const made = { xz: 'disk.qcow2.xz', gzip: 'disk.qcow2.gz', zstd: 'packed' }[program] ?? '';
    run('mv', at(made), at('moving'));
    run('mv', at('moving'), at(name));
    const before = await digest(at(name));

    const { seen, ...options } = listener();
    const first = await createStore(directory.path).resolve(path(name), options);
    expect(first).toMatchObject({
      format: 'qcow2',
      virtualSize: 64 * MiB,
      label: name.replace(/\.(xz|gz|zst)$/, ''),
      origin: 'local',
    });
    expect(first.path.startsWith(at('images/'))).toBe(true);
    expect(await digest(first.path)).toBe(await digest(at('disk.qcow2')));
    expect(await digest(at(name))).toBe(before);
    const { size } = await stat(at(name));
    const last = { type: 'progress', vm: 'web', subject: first.label, done: size, total: size };
    expect(seen).toContainEqual({ ...last, task: 'decompress' });
    expect(seen.at(-1)).toEqual({ ...last, task: 'verify' });

    const second = await createStore(directory.path).resolve(path(name), listener());
    expect(second).toEqual({ ...first, origin: 'cached' });
    expect(await images()).toHaveLength(2);
  });

  it('is unpacked again when it has changed, and the older disk stays', async () => {
    makeRawDisk(at('disk.img'), MiB);
    run('gzip', '-k', at('disk.img'));
    const store = createStore(directory.path);
    const first = await store.resolve(path('disk.img.gz'), listener());
    const old = await digest(first.path);
    makeRawDisk(at('disk.img'), MiB);
    run('gzip', '-kf', at('disk.img'));
    await utimes(at('disk.img.gz'), 1, 1);
    const second = await store.resolve(path('disk.img.gz'), listener());
    expect(second.path).not.toBe(first.path);
    expect(await digest(first.path)).toBe(old);
  });

  it('keeps the holes of a raw disk', async () => {
    makeRawDisk(at('disk.img'), 64 * MiB, 1000);
    run('gzip', '-k', at('disk.img'));
    const { path: unpacked } = await createStore(directory.path).resolve(path('disk.img.gz'), listener());
    const { size, blocks } = await stat(unpacked);
    expect(size).toBe(64 * MiB);
    expect(blocks * 512).toBeLessThan(MiB);
    expect(await digest(unpacked)).toBe(await digest(at('disk.img')));
  });

  it('is refused when it is damaged, and nothing stays', async () => {
    makeRawDisk(at('disk.img'), MiB);
    run('gzip', '-k', at('disk.img'));
    await truncate(at('disk.img.gz'), 5000);
    await expect(createStore(directory.path).resolve(path('disk.img.gz'), listener())).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_INVALID',
      message: `${at('disk.img.gz')} is cut off: its gzip data ends too early.`,
    });
    expect(await images()).toEqual([]);
  });
});

describe('a file: URL', () => {
  const url = (name: string, sha256?: string): ImageReference => ({
    kind: 'url',
    url: pathToFileURL(at(name)).href,
    sha256,
  });

  it('is copied into the cache, checked, and found there until the file changes', async () => {
    makeQcow2(at('größe 1.qcow2'), '64M');
    const store = createStore(directory.path);
    const sha256 = await digest(at('größe 1.qcow2'));
    const first = await store.resolve(url('größe 1.qcow2', sha256.toUpperCase()), listener());
    expect(first).toMatchObject({ origin: 'downloaded', label: 'größe 1.qcow2', format: 'qcow2' });
    expect(await digest(first.path)).toBe(sha256);
    expect(await store.resolve(url('größe 1.qcow2'), listener())).toEqual({ ...first, origin: 'cached' });
    await utimes(at('größe 1.qcow2'), 1, 1);
    expect(await store.resolve(url('größe 1.qcow2'), listener())).toMatchObject({ origin: 'downloaded' });
  });

  it('with the wrong checksum is refused', async () => {
    makeQcow2(at('disk.qcow2'), '64M');
    await expect(
      createStore(directory.path).resolve(url('disk.qcow2', '0'.repeat(64)), listener()),
    ).rejects.toMatchObject({ code: 'VMCTL_IMAGE_CHECKSUM' });
    expect(await images()).toEqual([]);
  });

  it.each([
    ['missing', 'file:///no/such/disk.img', 'VMCTL_IMAGE_NOT_FOUND'],
    ['on another host', 'file://server/disk.img', 'VMCTL_IMAGE_URL_INVALID'],
    ['no URL at all', 'disk.img', 'VMCTL_IMAGE_URL_INVALID'],
    ['of an unknown scheme', 'gopher://example.org/disk.img', 'VMCTL_IMAGE_SCHEME_UNKNOWN'],
  ])('or another that is %s is refused', async (_what, href, code) => {
    const store = createStore(directory.path);
    await expect(store.resolve({ kind: 'url', url: href }, listener())).rejects.toMatchObject({ code });
  });
});
