import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CachedImage } from '../../../src/images/image-cache.js';
import { ImageClaims } from '../../../src/images/image-claims.js';
import type { ImageStore } from '../../../src/images/image-store.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { makeRawDisk } from './disk-images.js';
import { createStore, listener } from './image-stores.js';

const directory = useTemporaryDirectory();
const at = (name: string) => join(directory.path, name);
const signal = new AbortController().signal;
const { events } = listener();
const nobody = async () => [];

let store: ImageStore;
beforeEach(() => {
  store = createStore(directory.path);
  makeRawDisk(at('disk.img'), 1024 * 1024);
});

const resolve = (vm?: string) =>
  store.resolve({ kind: 'url', url: pathToFileURL(at('disk.img')).href }, { ...listener(), vm });

/** The only image of the cache. */
async function onlyImage(): Promise<CachedImage> {
  const images = await store.list();
  const [image] = images;
  if (image === undefined || images.length > 1) throw new Error(`${images.length} images`);
  return image;
}

/** VMs that have claimed a file. */
async function claimed(file: string): Promise<string[]> {
  const claims = await new ImageClaims(at('claims')).list();
  return [...claims].flatMap(([vm, of]) => (of === file ? [vm] : []));
}

describe('removing an image', () => {
  it('removes its file and its sidecar, and the next VM fetches it anew', async () => {
    await resolve();
    const image = await onlyImage();
    expect(await store.remove(image, { users: nobody, signal, events, wait: true })).toEqual({
      outcome: 'removed',
    });
    expect(await readdir(at('images'))).toEqual([]);
    expect(await store.remove(image, { users: nobody, signal, events, wait: true })).toEqual({
      outcome: 'absent',
    });
    expect(await resolve('web')).toMatchObject({ origin: 'downloaded' });
  });

  it('leaves one that a VM needs as it is', async () => {
    await resolve();
    const image = await onlyImage();
    expect(await store.remove(image, { users: async () => ['web'], signal, events, wait: true })).toEqual({
      outcome: 'needed',
      vms: ['web'],
    });
    expect(await resolve()).toMatchObject({ origin: 'cached' });
  });

  it('leaves one that a VM finds after the first look', async () => {
    await resolve();
    const image = await onlyImage();
    let looks = 0;
    const users = async (file: string): Promise<string[]> => {
      looks += 1;
      if (looks > 1) return claimed(file);
      await resolve('web');
      return [];
    };
    expect(await store.remove(image, { users, signal, events, wait: true })).toEqual({
      outcome: 'needed',
      vms: ['web'],
    });
    expect(await resolve()).toMatchObject({ origin: 'cached', path: image.path });
  });

  it('is not noticed by a VM that looks for the image meanwhile: it fetches it again', async () => {
    await resolve();
    const image = await onlyImage();
    let looks = 0;
    let late: ReturnType<typeof resolve> | undefined;
    const users = async (): Promise<string[]> => {
      looks += 1;
      if (looks === 2) late = resolve('web');
      return [];
    };
    expect(await store.remove(image, { users, signal, events, wait: true })).toEqual({ outcome: 'removed' });
    expect(await late).toMatchObject({ origin: 'downloaded', path: image.path });
    expect(await claimed(image.record.file)).toEqual(['web']);
  });

  it('puts the image back when it cannot be told who needs it', async () => {
    await resolve();
    const image = await onlyImage();
    let looks = 0;
    const users = async (): Promise<string[]> => {
      looks += 1;
      if (looks === 2) throw new Error('no telling');
      return [];
    };
    await expect(store.remove(image, { users, signal, events, wait: true })).rejects.toThrow('no telling');
    expect(await resolve()).toMatchObject({ origin: 'cached' });
  });
});

describe('what killed runs have left in the cache', () => {
  it('is removed, unless a VM needs it, and whole images stay', async () => {
    await resolve();
    const { path, record } = await onlyImage();
    const other = `${'0'.repeat(16)}-${'1'.repeat(16)}-needed.img`;
    const hidden = `${'0'.repeat(16)}-${'1'.repeat(16)}-hidden.img`;
    const partial = `${'2'.repeat(16)}-disk.img.partial-1-abcd`;
    for (const name of [other, hidden, partial]) await writeFile(join(at('images'), name), 'x');
    const users = async (file: string): Promise<string[]> => (file === other ? ['web'] : []);
    expect((await store.removeLeftovers({ users, signal })).toSorted()).toEqual([hidden, partial].toSorted());
    expect((await readdir(at('images'))).toSorted()).toEqual(
      [record.file, `${record.file}.json`, other].toSorted(),
    );
    expect(path).toBe((await resolve()).path);
  });

  it('includes a sidecar whose image is gone, and an image that is not as long as it was', async () => {
    await resolve();
    const { path } = await onlyImage();
    await writeFile(`${path}.new`, 'short');
    await rename(`${path}.new`, path);
    expect(await store.removeLeftovers({ users: nobody, signal })).toHaveLength(1);
    expect(await readdir(at('images'))).toEqual([]);
  });
});
