import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { chmod, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { ImageReference } from '../../../src/images/contract.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { makeQcow2, run } from './disk-images.js';
import { brokenOff, file, ranged, redirect, stalled, status, useImageServer } from './image-server.js';
import { createStore, listener } from './image-stores.js';
import { useTmpfs } from './tmpfs.js';

const MiB = 1024 * 1024;
const directory = useTemporaryDirectory();
const server = useImageServer();
const at = (name: string) => join(directory.path, name);
const images = () => readdir(at('images'));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const url = (path: string, digest?: string): ImageReference => ({
  kind: 'url',
  url: `${server.origin}${path}`,
  sha256: digest,
});

/** A qcow2 disk of 64 MiB as bytes. */
const makeImage = (): Buffer => {
  const scratch = mkdtempSync(join(tmpdir(), 'vmctl-image-'));
  try {
    makeQcow2(join(scratch, 'disk'), '64M');
    run('qemu-io', '-f', 'qcow2', '-c', `write -P ${randomBytes(1)[0]} 8M 64k`, join(scratch, 'disk'));
    const uuid = randomBytes(16).toString('hex');
    run('qemu-img', 'snapshot', '-c', uuid, join(scratch, 'disk'));
    return readFileSync(join(scratch, 'disk'));
  } finally {
    rmSync(scratch, { recursive: true });
  }
};
const image = makeImage();
const newer = makeImage();

describe('an image from a URL', () => {
  it('is downloaded once, and then found in the cache without asking the server', async () => {
    server.on('/noble.img', file(image));
    const store = createStore(directory.path);
    const first = await store.resolve(url('/noble.img', sha256(image)), listener());
    expect(first).toEqual({
      path: expect.stringMatching(/\/images\/[0-9a-f]{16}-[0-9a-f]{16}-noble\.img$/),
      format: 'qcow2',
      virtualSize: 64 * MiB,
      label: 'noble.img',
      origin: 'downloaded',
    });
    expect(sha256(await readFile(first.path))).toBe(sha256(image));
    for (const digest of [sha256(image), undefined]) {
      expect(await createStore(directory.path).resolve(url('/noble.img', digest), listener())).toEqual({
        ...first,
        origin: 'cached',
      });
    }
    expect(server.requests).toHaveLength(1);
  });

  it('lies beside a record of where it comes from, both for the owner only', async () => {
    server.on('/noble.img', file(image));
    const { path } = await createStore(directory.path).resolve(
      { kind: 'url', url: server.origin.replace('//', '//me:hunter2@') + '/noble.img?token=hunter2' },
      listener(),
    );
    expect(JSON.parse(await readFile(`${path}.json`, 'utf8'))).toEqual({
      file: path.slice(at('images/').length),
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      url: server.origin.replace('//', '//me:***@') + '/noble.img?token=***',
      sha256: sha256(image),
      download_size: image.length,
      size: image.length,
      format: 'qcow2',
      virtual_size: 64 * MiB,
      fetched_at: expect.stringMatching(/^2.*Z$/),
    });
    expect((await images()).length).toBe(2);
    expect((await stat(path)).mode & 0o777).toBe(0o400);
    expect((await stat(`${path}.json`)).mode & 0o777).toBe(0o600);
    expect((await stat(at('images'))).mode & 0o777).toBe(0o700);
  });

  it('is told apart from one with the same name elsewhere', async () => {
    server.on('/a/disk.img', file(image));
    server.on('/b/disk.img', file(newer));
    const store = createStore(directory.path);
    const [a, b] = await Promise.all([
      store.resolve(url('/a/disk.img'), listener('a')),
      store.resolve(url('/b/disk.img'), listener('b')),
    ]);
    expect(sha256(await readFile(a.path))).toBe(sha256(image));
    expect(sha256(await readFile(b.path))).toBe(sha256(newer));
  });

  it.each<[string, string, (bytes: Buffer) => Buffer]>([
    ['gzip', '/disk.img.gz', (bytes) => gzipSync(bytes)],
    ['zstd', '/disk.img.zst', (bytes) => zstdCompressSync(bytes)],
    ['zstd', '/disk.img.zstd', (bytes) => zstdCompressSync(bytes)],
    ['xz', '/disk.img.xz', (bytes) => execFileSync('xz', ['-c'], { input: bytes })],
    ['gzip under another name', '/disk.img', (bytes) => gzipSync(bytes)],
    ['nothing, against its name', '/disk.img.xz', (bytes) => bytes],
  ])(
    'packed with %s (%s) is unpacked; its checksum is that of the packed file',
    async (_what, path, pack) => {
      const packed = pack(image);
      server.on(path, file(packed));
      const found = await createStore(directory.path).resolve(url(path, sha256(packed)), listener());
      expect(found).toMatchObject({ format: 'qcow2', label: 'disk.img', virtualSize: 64 * MiB });
      expect(found.path).toMatch(/-disk\.img$/);
      expect(sha256(await readFile(found.path))).toBe(sha256(image));
    },
  );

  it('reports its progress for the VM, to the last byte, and that it is checked then', async () => {
    server.on('/noble.img', file(image));
    const { seen, ...options } = listener('web');
    await createStore(directory.path).resolve(url('/noble.img'), options);
    const last = { type: 'progress', vm: 'web', subject: 'noble.img', total: image.length };
    expect(seen.slice(-3)).toEqual([
      { ...last, task: 'download', done: image.length },
      { ...last, task: 'verify', done: 0 },
      { ...last, task: 'verify', done: image.length },
    ]);
    expect(seen.every((event) => event.type === 'progress')).toBe(true);
  });

  it('comes through redirects, breaks and stalls', async () => {
    server.on('/noble.img', redirect('/mirror/x'));
    server.on('/mirror/x', brokenOff(image, 300_000), ranged(image));
    const found = await createStore(directory.path).resolve(url('/noble.img', sha256(image)), listener());
    expect(sha256(await readFile(found.path))).toBe(sha256(image));
  });

  it('is fetched again when its file is gone, or was cut', async () => {
    server.on('/noble.img', file(image));
    const store = createStore(directory.path);
    const { path } = await store.resolve(url('/noble.img'), listener());
    await rm(path);
    expect(await store.resolve(url('/noble.img'), listener())).toMatchObject({ path, origin: 'downloaded' });
    await chmod(path, 0o600);
    await truncate(path, 1000);
    expect(await store.resolve(url('/noble.img'), listener())).toMatchObject({ path, origin: 'downloaded' });
    await writeFile(`${path}.json`, 'not JSON');
    expect(await store.resolve(url('/noble.img'), listener())).toMatchObject({ path, origin: 'downloaded' });
    expect(sha256(await readFile(path))).toBe(sha256(image));
    expect(await images()).toHaveLength(2);
  });

  it('is fetched again for a new checksum, and the older one stays for the disks that stand on it', async () => {
    server.on('/noble.img', file(image), file(newer));
    const store = createStore(directory.path);
    const first = await store.resolve(url('/noble.img', sha256(image)), listener());
    const second = await store.resolve(url('/noble.img', sha256(newer)), listener());
    expect(second).toMatchObject({ origin: 'downloaded' });
    expect(second.path).not.toBe(first.path);
    expect(sha256(await readFile(first.path))).toBe(sha256(image));
    expect(await store.resolve(url('/noble.img', sha256(image)), listener())).toEqual({
      ...first,
      origin: 'cached',
    });
    // Without a checksum the newest counts.
    expect(await store.resolve(url('/noble.img'), listener())).toEqual({ ...second, origin: 'cached' });
    expect(server.requests).toHaveLength(2);
  });
});

describe('a download that must not be kept', () => {
  const refused = async (reference: ImageReference) => {
    const error: unknown = await createStore(directory.path)
      .resolve(reference, listener())
      .catch((reason: unknown) => reason);
    expect(await images().catch(() => [])).toEqual([]);
    return error;
  };

  it('has the wrong checksum', async () => {
    server.on('/noble.img', file(image));
    expect(await refused(url('/noble.img', sha256(newer)))).toMatchObject({
      code: 'VMCTL_IMAGE_CHECKSUM',
      message: expect.stringMatching(
        new RegExp(`wanted sha256 ${sha256(newer)}\\n.*got +sha256 ${sha256(image)}`),
      ),
      details: { url: `${server.origin}/noble.img`, expected: sha256(newer), actual: sha256(image) },
    });
  });

  it('has the wrong checksum because it is an error page, and the message says so', async () => {
    server.on('/noble.img', status(200));
    expect(await refused(url('/noble.img', sha256(image)))).toMatchObject({
      code: 'VMCTL_IMAGE_CHECKSUM',
      message: expect.stringContaining('an HTML page'),
    });
  });

  it('is an HTML page with status 200', async () => {
    server.on('/noble.img', status(200));
    expect(await refused(url('/noble.img'))).toMatchObject({
      code: 'VMCTL_IMAGE_INVALID',
      message: `${server.origin}/noble.img is an HTML page, not a disk image.`,
    });
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a text file', Buffer.from('not here\n'), /is a text file/],
    ['nothing', Buffer.alloc(0), /is empty/],
    ['a packed text file', gzipSync('not here\n'), /is a text file/],
    ['a cut off gzip', gzipSync(image).subarray(0, -20), /is cut off: its gzip data ends too early/],
    ['a cut off zstd', zstdCompressSync(image).subarray(0, -20), /is cut off: its zstd data ends too early/],
    ['a cut off qcow2', image.subarray(0, 600_000), /is a truncated qcow2 image/],
    ['a VMDK', Buffer.concat([Buffer.from('KDMV'), Buffer.alloc(MiB)]), /is a VMDK image/],
  ])('is %s', async (_what, body, message) => {
    server.on('/noble.img', file(body));
    const error = await refused(url('/noble.img'));
    expect(error).toMatchObject({ code: 'VMCTL_IMAGE_INVALID', message: expect.stringMatching(message) });
    expect(error).toMatchObject({ message: expect.stringContaining(`${server.origin}/noble.img`) });
    // Paths of files that are gone help nobody.
    expect(JSON.stringify(error)).not.toContain('.partial-');
  });

  it('is a qcow2 that could read files of the host', async () => {
    run('qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-F', 'raw', '-b', '/etc/shadow', at('evil'), '1G');
    server.on('/noble.img', file(await readFile(at('evil'))));
    expect(await refused(url('/noble.img'))).toMatchObject({ code: 'VMCTL_IMAGE_BACKING_FILE' });
  });

  it('is not there', async () => {
    expect(await refused(url('/noble.img'))).toMatchObject({
      code: 'VMCTL_IMAGE_DOWNLOAD_FAILED',
      details: { status: 404 },
    });
  });

  it('breaks off for good', async () => {
    server.on('/noble.img', brokenOff(image, 300_000));
    expect(await refused(url('/noble.img'))).toMatchObject({ code: 'VMCTL_IMAGE_DOWNLOAD_FAILED' });
  });

  it('is aborted midway', async () => {
    const abort = new AbortController();
    server.on('/noble.img', stalled(image, 300_000));
    const events = { emit: () => abort.abort(new Error('enough')) };
    await expect(
      createStore(directory.path).resolve(url('/noble.img'), { vm: 'web', signal: abort.signal, events }),
    ).rejects.toThrow('enough');
    expect(await images()).toEqual([]);
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('the cache directory', () => {
  it('that cannot be made is named', async () => {
    server.on('/noble.img', file(image));
    await writeFile(at('images'), 'a file');
    await expect(createStore(directory.path).resolve(url('/noble.img'), listener())).rejects.toMatchObject({
      message: expect.stringContaining(at('images')),
    });
  });

  const tmpfs = useTmpfs('1m');
  const onTmpfs = () => createStore(directory.path, { imagesDir: join(tmpfs.path, 'images') });
  const kept = () => readdir(join(tmpfs.path, 'images'));

  tmpfs.it('that is too small for the image is found out before the download', async () => {
    server.on('/noble.img', stalled(image, 0));
    expect(image.length).toBeGreaterThan(MiB);
    await expect(onTmpfs().resolve(url('/noble.img'), listener())).rejects.toMatchObject({
      code: 'VMCTL_DISK_FULL',
      message: expect.stringMatching(/noble\.img has [\d.]+ MiB, and .*images has .* free/),
    });
    expect(await kept()).toEqual([]);
  });

  tmpfs.it('that gets full while the image is unpacked keeps nothing of it', async () => {
    const noise = Buffer.alloc(8 * MiB, randomBytes(1021));
    noise.set([0x55, 0xaa], 510);
    server.on('/disk.raw.gz', file(gzipSync(noise)));
    await expect(onTmpfs().resolve(url('/disk.raw.gz'), listener())).rejects.toMatchObject({
      code: 'VMCTL_DISK_FULL',
      message: expect.stringContaining('disk.raw.gz does not fit into'),
      hint: expect.stringContaining('VMCTL_DATA_DIR'),
    });
    expect(await kept()).toEqual([]);
  });

  tmpfs.it('that is read-only is named', async () => {
    server.on('/noble.img', file(image.subarray(0, 1000)));
    mkdirSync(join(tmpfs.path, 'images'));
    run('mount', '-o', 'remount,ro', tmpfs.path);
    await expect(onTmpfs().resolve(url('/noble.img'), listener())).rejects.toMatchObject({
      code: 'VMCTL_NOT_WRITABLE',
    });
  });
});
