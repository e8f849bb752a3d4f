import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { acquireLock } from '../../../src/host/lock.js';
import { createProcessTable } from '../../../src/host/process-table.js';
import { ImageClaims } from '../../../src/images/image-claims.js';
import type { ImageListing } from '../../../src/operations/image-listing.js';
import { Vmctl } from '../../../src/vmctl.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { makeRawDisk, run } from '../images/disk-images.js';

const MiB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
const processes = createProcessTable();
const directory = useTemporaryDirectory();
const at = (...names: string[]) => join(directory.path, ...names);
const data = (...names: string[]) => at('.local/share/vmctl', ...names);
const url = (name = 'disk.img') => pathToFileURL(at(name)).href;

let vmctl: Vmctl;
beforeEach(async () => {
  vmctl = new Vmctl({ env: {}, homeDir: directory.path, cwd: directory.path });
  makeRawDisk(at('disk.img'), 4 * MiB);
  await writeFile(at('VMFile.kdl'), `vm "web" { image-url "${url()}"; backend "noop" }`);
});

/** Fetches an image, and gives it as it is listed. */
async function pulled(name?: string): Promise<ImageListing> {
  const [result] = await vmctl.pullImages({ urls: [url(name)] });
  if (result === undefined || result.outcome === 'failed') throw new Error('not pulled');
  return result.image;
}

/** Holds a lock of the data directory while it works. */
async function holding<T>(name: string, work: () => Promise<T>): Promise<T> {
  const lock = await acquireLock({ directory: data('.locks'), name, purpose: 'test', processes, wait: true });
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

const users = async () => (await vmctl.listImages()).map(({ usedBy }) => usedBy);

describe('the images of the cache', () => {
  it('are listed with their sizes on the disk and for a guest, and with their origin', async () => {
    expect(await vmctl.listImages()).toEqual([]);
    const image = await pulled();
    expect(image).toMatchObject({
      name: 'disk.img',
      url: url(),
      format: 'raw',
      virtualSize: 4 * MiB,
      downloadSize: 4 * MiB,
      size: 4 * MiB,
      usedBy: [],
      path: expect.stringContaining(data('images')),
    });
    // The disk is mostly a hole.
    expect(image.diskUsage).toBeGreaterThan(0);
    expect(image.diskUsage).toBeLessThan(2 * MiB);
    expect(await vmctl.listImages()).toEqual([image]);
  });

  it('are found by URL, name, path, and the beginning of the digest', async () => {
    const image = await pulled();
    for (const word of [
      image.url,
      image.name,
      image.path,
      image.sha256.slice(0, 6),
      `sha256:${image.sha256}`,
    ]) {
      expect(await vmctl.inspectImages({ images: [word] })).toEqual([image]);
    }
    await expect(vmctl.inspectImages({ images: ['disk.imag'] })).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_UNKNOWN',
      hint: 'Did you mean "disk.img"?',
    });
  });

  it('have to be named so that one is meant', async () => {
    await mkdir(at('other'));
    run('cp', at('disk.img'), at('other/disk.img'));
    const [one, two] = [await pulled(), await pulled('other/disk.img')];
    await expect(vmctl.removeImages({ images: ['disk.img'] })).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_AMBIGUOUS',
      message: expect.stringContaining(two.url),
    });
    expect((await vmctl.removeImages({ images: [one.url] })).removed).toEqual([one]);
    expect(await vmctl.listImages()).toEqual([two]);
  });
});

describe('pulling', () => {
  it('leaves what is there, and goes on when another image fails', async () => {
    await pulled();
    const results = await vmctl.pullImages({ urls: [url(), url('missing.img')] });
    expect(results).toMatchObject([
      { outcome: 'cached', image: { name: 'disk.img' } },
      { outcome: 'failed', error: { code: 'VMCTL_IMAGE_NOT_FOUND' } },
    ]);
  });

  it('fetches again what may have changed, and leaves the disks of VMs on the image that they have', async () => {
    let content = Buffer.alloc(0);
    const server = createServer((_request, response) => response.end(content));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo; // listening on TCP
      const urls = [`http://127.0.0.1:${port}/noble.img`];
      content = await readFile(at('disk.img'));
      await writeFile(at('VMFile.kdl'), `vm "web" { image-url "${urls[0]}"; backend "noop" }`);
      await vmctl.up();
      const [before] = await vmctl.listImages();
      const { ino } = await stat(before?.path ?? '');

      expect(await vmctl.pullImages({ urls })).toMatchObject([{ outcome: 'cached' }]);
      const [again] = await vmctl.pullImages({ urls, refresh: true });
      expect(again).toMatchObject({ outcome: 'unchanged', image: { path: before?.path, usedBy: ['web'] } });
      // A running VM has it open.
      expect((await stat(before?.path ?? '')).ino).toBe(ino);

      content = Buffer.concat([content, Buffer.alloc(512)]);
      const [newer] = await vmctl.pullImages({ urls, refresh: true });
      expect(newer).toMatchObject({ outcome: 'downloaded', image: { usedBy: [], size: content.length } });
      expect(await vmctl.pullImages({ urls })).toMatchObject([
        { outcome: 'cached', image: { size: content.length } },
      ]);
      expect(await users()).toEqual([[], ['web']]);
    } finally {
      server.close();
    }
  });

  it('enforces a digest, of one image only', async () => {
    const { sha256 } = await pulled();
    expect(await vmctl.pullImages({ urls: [url()], sha256 })).toMatchObject([{ outcome: 'cached' }]);
    expect(await vmctl.pullImages({ urls: [url()], sha256: '0'.repeat(64) })).toMatchObject([
      { outcome: 'failed', error: { code: 'VMCTL_IMAGE_CHECKSUM' } },
    ]);
    const several = vmctl.pullImages({ urls: [url(), url('x.img')], sha256 });
    await expect(several).rejects.toMatchObject({ code: 'VMCTL_USAGE' });
  });
});

describe('an image that a VM stands on', () => {
  it('is never removed while the VM exists, running or stopped', async () => {
    expect(await vmctl.up()).toMatchObject({ ok: true });
    for (const state of ['running', 'stopped']) {
      if (state === 'stopped') await vmctl.down();
      expect(await users()).toEqual([['web']]);
      expect(await vmctl.removeImages({ images: ['disk.img'] })).toMatchObject({
        removed: [],
        kept: [{ error: { code: 'VMCTL_IMAGE_NEEDED', hint: expect.stringContaining('vmctl destroy web') } }],
        freedBytes: 0,
      });
      expect(await vmctl.pruneImages()).toMatchObject({ removed: [], kept: [{ reason: 'needed' }] });
    }
    await vmctl.destroy({ names: ['web'] });
    const { removed, freedBytes } = await vmctl.removeImages({ images: ['disk.img'] });
    expect(removed).toMatchObject([{ name: 'disk.img' }]);
    expect(freedBytes).toBe(removed[0]?.diskUsage);
    expect(await readdir(data('images'))).toEqual([]);
  });

  it('is told by the overlay when vms.json does not name it, and when it does not know the VM', async () => {
    const { path } = await pulled();
    await mkdir(data('vms/old/snapshots'), { recursive: true });
    run(
      'qemu-img',
      'create',
      '-q',
      '-f',
      'qcow2',
      '-F',
      'raw',
      '-b',
      path,
      data('vms/old/snapshots/one.qcow2'),
    );
    expect(await users()).toEqual([['old']]);
    expect(await vmctl.pruneImages()).toMatchObject({ removed: [], kept: [{ reason: 'needed' }] });
    // Moved to a larger disk, with a link in its place.
    await rename(data('vms/old'), data('elsewhere'));
    await symlink(data('elsewhere'), data('vms/old'));
    expect(await users()).toEqual([['old']]);
    await rm(data('vms/old'));
    expect(await vmctl.pruneImages()).toMatchObject({ removed: [{ name: 'disk.img' }] });
  });

  it('is kept for a VM that is just being made from it, and only for so long', async () => {
    const { path } = await pulled();
    await new ImageClaims(data('.image-claims')).claim('web', path.split('/').at(-1) ?? '');
    await holding('vm-web', async () => {
      expect(await users()).toEqual([['web']]);
      expect(await vmctl.pruneImages()).toMatchObject({ removed: [] });
    });
    expect(await users()).toEqual([[]]);
    expect(await vmctl.pruneImages()).toMatchObject({ removed: [{ name: 'disk.img' }] });
  });

  it('is claimed by `up` from the moment in which it is found', async () => {
    await vmctl.up();
    const claims = await new ImageClaims(data('.image-claims')).list();
    expect([...claims]).toEqual([['web', (await pulled()).path.split('/').at(-1)]]);
  });

  it('stays when vms.json cannot be read: any image might be needed', async () => {
    await pulled();
    await writeFile(data('vms.json'), '{');
    await expect(vmctl.pruneImages()).rejects.toMatchObject({ code: 'VMCTL_REGISTRY_CORRUPT' });
    await rm(data('vms.json'));
    expect(await vmctl.listImages()).toHaveLength(1);
  });
});

describe('an image that somebody is fetching', () => {
  const lockOf = (image: ImageListing) => `image-${image.path.slice(data('images/').length).slice(0, 16)}`;

  it('is left alone by prune, and by remove when it is not to wait', async () => {
    const image = await pulled();
    await holding(lockOf(image), async () => {
      expect(await vmctl.pruneImages()).toMatchObject({ removed: [], kept: [{ reason: 'busy' }] });
      expect(await vmctl.removeImages({ images: ['disk.img'], wait: false })).toMatchObject({
        kept: [{ error: { code: 'VMCTL_LOCKED' } }],
      });
    });
    expect(await vmctl.listImages()).toHaveLength(1);
  });

  it('is waited for, which is said', async () => {
    const image = await pulled();
    const { promise: said, resolve: say } = Promise.withResolvers<string>();
    vmctl.subscribe((event) => {
      if (event.type === 'warning') say(event.message);
    });
    const removal = await holding(lockOf(image), async () => {
      const result = vmctl.removeImages({ images: ['disk.img'] });
      expect(await said).toContain(`Waiting: process ${process.pid}`);
      return { result };
    });
    expect(await removal.result).toMatchObject({ removed: [{ name: 'disk.img' }], kept: [] });
  });
});

describe('prune', () => {
  it('leaves what is younger than asked for, and with dryRun everything', async () => {
    const image = await pulled();
    expect(await vmctl.pruneImages({ olderThanMs: DAY_MS })).toMatchObject({
      removed: [],
      kept: [{ reason: 'recent' }],
    });
    const sidecar = `${image.path}.json`;
    const record = JSON.parse(await readFile(sidecar, 'utf8')) as object;
    const old = new Date(Date.now() - 2 * DAY_MS).toISOString();
    await writeFile(sidecar, JSON.stringify({ ...record, fetched_at: old }));
    expect(await vmctl.pruneImages({ olderThanMs: DAY_MS, dryRun: true })).toMatchObject({
      removed: [{ name: 'disk.img' }],
      freedBytes: image.diskUsage,
      dryRun: true,
    });
    expect(await vmctl.listImages()).toHaveLength(1);
    expect(await vmctl.pruneImages({ olderThanMs: DAY_MS })).toMatchObject({
      removed: [{ name: 'disk.img' }],
    });
    expect(await vmctl.listImages()).toEqual([]);
  });
});
