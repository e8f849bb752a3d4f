import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { ImageReference } from '../../../src/images/contract.js';
import type { ImageMirror } from '../../../src/images/image-mirrors.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { brokenOff, file, status, useImageServer } from './image-server.js';
import { createStore, listener } from './image-stores.js';

const directory = useTemporaryDirectory();
const server = useImageServer();
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A raw disk with a boot sector, and a text to tell it by. */
function disk(text: string): Buffer {
  const bytes = Buffer.alloc(1024 * 1024);
  bytes.writeUInt16LE(0xaa55, 510);
  bytes.write(text, 1024);
  return bytes;
}
const image = disk('the image');
const older = disk('an older one');

const reference = (digest?: string): ImageReference => ({
  kind: 'url',
  url: `${server.origin}/original/disk.img`,
  sha256: digest,
});

/** Mirrors at these paths of the server, or elsewhere. */
function mirrors(...urls: readonly string[]): readonly ImageMirror[] {
  return [
    {
      prefix: `${server.origin}/original/`,
      urls: urls.map((url) => (url.startsWith('/') ? `${server.origin}${url}` : url)),
    },
  ];
}

const asked = (): string[] => server.requests.map(({ url = '' }) => url);

describe('an image with mirrors', () => {
  it('comes from the first one, and its own server is not asked', async () => {
    server.on('/mirror/disk.img', file(image));
    server.on('/original/disk.img', file(older));
    const store = createStore(directory.path, { mirrors: mirrors('/mirror/') });
    const { path } = await store.resolve(reference(), listener());
    expect(sha256(await readFile(path))).toBe(sha256(image));
    expect(asked()).toEqual(['/mirror/disk.img']);
  });

  it('is in the cache under its own URL: with other mirrors, and without, it is there', async () => {
    server.on('/mirror/disk.img', file(image));
    const first = await createStore(directory.path, { mirrors: mirrors('/mirror/') }).resolve(
      reference(),
      listener(),
    );
    expect(JSON.parse(await readFile(`${first.path}.json`, 'utf8'))).toMatchObject({
      url: `${server.origin}/original/disk.img`,
    });
    for (const others of [mirrors('/elsewhere/'), undefined]) {
      const again = await createStore(directory.path, { mirrors: others }).resolve(reference(), listener());
      expect(again).toEqual({ ...first, origin: 'cached' });
    }
    expect(asked()).toHaveLength(1);
  });

  it('comes from the next one where one has it not, has another one, or breaks off', async () => {
    server.on('/gone/disk.img', status(404));
    server.on('/old/disk.img', file(older));
    server.on('/broken/disk.img', brokenOff(image, 1000));
    server.on('/good/disk.img', file(image));
    const store = createStore(directory.path, { mirrors: mirrors('/gone/', '/old/', '/broken/', '/good/') });
    const options = listener();
    const { path } = await store.resolve(reference(sha256(image)), options);
    expect(sha256(await readFile(path))).toBe(sha256(image));
    expect(options.seen.filter(({ type }) => type === 'warning')).toEqual([
      expect.objectContaining({
        code: 'VMCTL_IMAGE_MIRROR_FAILED',
        message: expect.stringContaining('/gone/disk.img: the server answered 404'),
        hint: `Tried next: ${server.origin}/old/disk.img`,
      }),
      expect.objectContaining({
        message: expect.stringContaining('/old/disk.img does not have the checksum'),
      }),
      expect.objectContaining({ message: expect.stringContaining('/broken/disk.img') }),
    ]);
    expect(asked()).not.toContain('/original/disk.img');
  });

  it('comes from the next one at once where one says to come back later; the last one is asked again', async () => {
    server.on('/busy/disk.img', status(503));
    server.on('/original/disk.img', status(503), file(image));
    const store = createStore(directory.path, { mirrors: mirrors('/busy/') });
    await expect(store.resolve(reference(), listener())).resolves.toMatchObject({ origin: 'downloaded' });
    expect(asked()).toEqual(['/busy/disk.img', '/original/disk.img', '/original/disk.img']);
  });

  it('comes from its own server when no mirror has it, and fails with what that says', async () => {
    server.on('/original/disk.img', file(image));
    const store = createStore(directory.path, { mirrors: mirrors('/mirror/') });
    await expect(store.resolve(reference(), listener())).resolves.toMatchObject({ origin: 'downloaded' });
    await expect(
      store.resolve({ kind: 'url', url: `${server.origin}/original/none.img` }, listener()),
    ).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_DOWNLOAD_FAILED',
      message: expect.stringContaining('/original/none.img'),
    });
  });

  it('is never one with another checksum, wherever it is', async () => {
    server.on('/mirror/disk.img', file(older));
    server.on('/original/disk.img', file(older));
    const store = createStore(directory.path, { mirrors: mirrors('/mirror/') });
    await expect(store.resolve(reference(sha256(image)), listener())).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_CHECKSUM',
    });
  });

  it('may come from a directory of this machine', async () => {
    await mkdir(join(directory.path, 'mirror'));
    await writeFile(join(directory.path, 'mirror/disk.img'), image);
    const store = createStore(directory.path, {
      mirrors: mirrors(pathToFileURL(join(directory.path, 'mirror')).href),
    });
    await expect(store.resolve(reference(), listener())).resolves.toMatchObject({
      virtualSize: image.length,
    });
    expect(asked()).toEqual([]);
  });

  it('is not looked for elsewhere once nobody wants it any more', async () => {
    const interruption = new AbortController();
    server.on('/mirror/disk.img', () => interruption.abort(new Error('enough')));
    const store = createStore(directory.path, { mirrors: mirrors('/mirror/') });
    await expect(store.resolve(reference(), listener('web', interruption.signal))).rejects.toThrow('enough');
    expect(asked()).toEqual(['/mirror/disk.img']);
  });
});
