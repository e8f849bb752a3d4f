import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ImageStore } from '../../../src/images/image-store.js';
import { OciImageSource } from '../../../src/images/oci-source.js';
import { silent } from '../../support/guest.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { type Answer, brokenOff, file, ranged, redirect, status, useImageServer } from './image-server.js';
import { createStore, listener } from './image-stores.js';
import { artifact, containerDisk, digest, type PushedImage } from './oci-images.js';

const directory = useTemporaryDirectory();
const server = useImageServer();
const disk = randomBytes(2 * 1024 * 1024);
disk.set([0x55, 0xaa], 510);

let store: ImageStore;
beforeEach(() => {
  const source = new OciImageSource({
    log: silent,
    env: {},
    homeDir: directory.path,
    retries: 2,
    retryDelayMs: 1,
  });
  store = createStore(directory.path, { sources: async () => source });
});

const resolve = (path = '/vm/disk:1') =>
  store.resolve({ kind: 'url', url: server.origin.replace('http:', 'oci:') + path }, listener());
const manifestAnswer = ({ bytes, mediaType }: PushedImage) => file(bytes, { 'content-type': mediaType });

/** Serves an image; `answers` are for its last blob, default: as it is. */
function serve(image: PushedImage, ...answers: readonly Answer[]): void {
  server.on('/v2/vm/disk/manifests/1', manifestAnswer(image));
  const blob = image.blobs.at(-1) ?? Buffer.alloc(0);
  server.on(`/v2/vm/disk/blobs/${digest(blob)}`, ...(answers.length > 0 ? answers : [ranged(blob)]));
}

const kinds = [
  ['an artifact', artifact({ 'disk.img': disk })],
  ['a container disk', containerDisk({ 'disk/disk.img': disk })],
] as const;

describe.each(kinds)('%s', (_kind, image) => {
  const blob = image.blobs.at(-1) ?? Buffer.alloc(0);

  it('goes on where it was when the connection breaks off', async () => {
    serve(image, brokenOff(blob, 1024 * 1024), ranged(blob));
    expect(await resolve()).toMatchObject({ format: 'raw', virtualSize: disk.length });
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([
      undefined,
      undefined,
      expect.stringMatching(/^bytes=[1-9]\d+-$/),
    ]);
  });

  it('never enters the cache when a blob is not what the manifest says', async () => {
    const other = Buffer.from(blob);
    // Within the disk, or in the checksum at the end of the packed layer.
    other.writeUInt8(other.readUInt8(other.length - 1) ^ 1, other.length - 1);
    serve(image, file(other));
    await expect(resolve()).rejects.toMatchObject({
      code: expect.stringMatching(/^VMCTL_IMAGE_(CHECKSUM|INVALID)$/),
    });
    expect(await store.list()).toEqual([]);
  });

  it('is refused when the manifest is not the one that the URL asks for', async () => {
    const asked = digest(Buffer.from('another'));
    server.on(`/v2/vm/disk/manifests/${asked}`, manifestAnswer(image));
    await expect(resolve(`/vm/disk:1@${asked}`)).rejects.toMatchObject({ code: 'VMCTL_IMAGE_CHECKSUM' });
  });

  it('is asked for again when the registry has a hiccup', async () => {
    serve(image, status(503), ranged(blob));
    server.on('/v2/vm/disk/manifests/1', status(500), manifestAnswer(image));
    expect(await resolve()).toMatchObject({ origin: 'downloaded' });
  });
});

describe('a container disk', () => {
  it('is verified to its end, with what comes after the disk', async () => {
    const honest = containerDisk({ 'disk/disk.img': disk, 'etc/motd': Buffer.from('hello') });
    const layer = containerDisk({ 'disk/disk.img': disk, 'etc/motd': Buffer.from('jello') }).blobs.at(-1);
    serve(honest, file(layer ?? gzipSync('')));
    await expect(resolve()).rejects.toMatchObject({ code: 'VMCTL_IMAGE_CHECKSUM' });
    expect(await store.list()).toEqual([]);
  });
});

describe('a token', () => {
  const [, image] = kinds[0];
  const blob = image.blobs.at(-1) ?? Buffer.alloc(0);
  /** Answers only whoever has the token. */
  const guarded =
    (answer: Answer): Answer =>
    (request, response) => {
      const realm = `Bearer realm="${server.origin}/token",service="test"`;
      if (request.headers.authorization === 'Bearer abc') answer(request, response);
      else status(401, { 'www-authenticate': realm })(request, response);
    };

  it('does not go with a blob to another server', async () => {
    // `localhost` is another origin than 127.0.0.1, and the same server.
    const elsewhere = `${server.origin.replace('127.0.0.1', 'localhost')}/blob`;
    server.on('/token', file(Buffer.from('{"token":"abc"}')));
    serve(image, guarded(redirect(elsewhere, 307)));
    server.on('/v2/vm/disk/manifests/1', guarded(manifestAnswer(image)));
    server.on('/blob', ranged(blob));
    expect(await resolve()).toMatchObject({ origin: 'downloaded' });
    const asked = server.requests.map(({ url = '', headers }) => [url.slice(0, 6), headers.authorization]);
    expect(asked).toEqual([
      ['/v2/vm', undefined],
      ['/token', undefined],
      ['/v2/vm', 'Bearer abc'],
      ['/v2/vm', 'Bearer abc'],
      ['/blob', undefined],
    ]);
  });

  it('is asked for anew when it has run out in the middle of a download', async () => {
    let valid = 0;
    server.on('/token', (request, response) => {
      valid += 1;
      file(Buffer.from(JSON.stringify({ token: `t${valid}` })))(request, response);
    });
    const expiring =
      (needed: number, answer: Answer): Answer =>
      (request, response) => {
        const realm = `Bearer realm="${server.origin}/token"`;
        if (request.headers.authorization === `Bearer t${needed}`) answer(request, response);
        else status(401, { 'www-authenticate': realm })(request, response);
      };
    serve(image, expiring(1, brokenOff(blob, 1024 * 1024)), expiring(2, ranged(blob)));
    server.on('/v2/vm/disk/manifests/1', expiring(1, manifestAnswer(image)));
    expect(await resolve()).toMatchObject({ origin: 'downloaded' });
    expect(valid).toBe(2);
  });

  it('is not fetched from where others can listen', async () => {
    server.on(
      '/v2/vm/disk/manifests/1',
      status(401, { 'www-authenticate': 'Bearer realm="http://192.0.2.1/token"' }),
    );
    await expect(resolve()).rejects.toThrow('where anybody could listen');
  });
});

describe('a registry that gives no image', () => {
  it('is told by what it answers', async () => {
    server.on('/v2/vm/disk/manifests/1', file(Buffer.from('<html></html>')));
    await expect(resolve()).rejects.toMatchObject({
      code: 'VMCTL_IMAGE_INVALID',
      message: expect.stringContaining('no manifest'),
    });
  });

  it('cannot fill the memory with a manifest', async () => {
    server.on('/v2/vm/disk/manifests/1', file(Buffer.alloc(5 * 1024 * 1024)));
    await expect(resolve()).rejects.toThrow('where little belongs');
  });
});
