import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { ImageReference } from '../../../src/images/contract.js';
import { FileImageSource } from '../../../src/images/file-source.js';
import { HttpImageSource } from '../../../src/images/http-source.js';
import { ImageCache } from '../../../src/images/image-cache.js';
import { type ImageLookup, lookUpImage } from '../../../src/images/image-lookup.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { createStore, listener } from './image-stores.js';

const directory = useTemporaryDirectory();
const at = (name: string): string => join(directory.path, name);
const log = { debug: () => undefined, child: () => log };

/** A boot sector's signature and room: the smallest thing that passes for a disk. */
function disk(): Buffer {
  const bytes = Buffer.alloc(1024 * 1024);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

function lookUp(reference: ImageReference): Promise<ImageLookup> {
  return lookUpImage(reference, {
    cache: new ImageCache(at('images')),
    sources: async (scheme) => {
      if (scheme === 'file') return new FileImageSource();
      return scheme === 'http' ? new HttpImageSource('http', { log, env: {} }) : undefined;
    },
  });
}

describe('looking up where an image would come from', () => {
  it('finds a file that is used as it is', async () => {
    await writeFile(at('disk.img'), disk());
    expect(await lookUp({ kind: 'path', path: at('disk.img') })).toEqual({
      label: 'disk.img',
      from: 'local',
    });
  });

  it('knows what would have to be unpacked, and what is in the cache by then', async () => {
    await writeFile(at('disk.img.gz'), gzipSync(disk()));
    const reference = { kind: 'path', path: at('disk.img.gz') } as const;
    expect(await lookUp(reference)).toEqual({ label: 'disk.img', from: 'unpack' });
    expect(await readdir(directory.path)).toEqual(['disk.img.gz']);
    await createStore(directory.path).resolve(reference, listener());
    expect(await lookUp(reference)).toEqual({ label: 'disk.img', from: 'cached' });
  });

  it('knows what would have to be fetched, without asking anybody, and what is in the cache by then', async () => {
    // Nobody listens there.
    const far = { kind: 'url', url: 'http://127.0.0.1:1/noble.img.xz?token=secret' } as const;
    expect(await lookUp(far)).toEqual({ label: 'noble.img', from: 'fetch' });
    await writeFile(at('disk.img'), disk());
    const near = { kind: 'url', url: pathToFileURL(at('disk.img')).href } as const;
    expect(await lookUp(near)).toEqual({ label: 'disk.img', from: 'fetch' });
    await createStore(directory.path).resolve(near, listener());
    expect(await lookUp(near)).toEqual({ label: 'disk.img', from: 'cached' });
    // Another checksum is another image.
    expect(await lookUp({ ...near, sha256: 'a'.repeat(64) })).toEqual({ label: 'disk.img', from: 'fetch' });
  });

  it.each<[string, () => ImageReference, string]>([
    ['a file that is not there', () => ({ kind: 'path', path: at('none.img') }), 'VMCTL_IMAGE_NOT_FOUND'],
    ['a directory', () => ({ kind: 'path', path: at('directory') }), 'VMCTL_IMAGE_INVALID'],
    [
      'a scheme that nobody knows',
      () => ({ kind: 'url', url: 's3://bucket/x' }),
      'VMCTL_IMAGE_SCHEME_UNKNOWN',
    ],
  ])('refuses %s', async (_, reference, code) => {
    await mkdir(at('directory'));
    await expect(lookUp(reference())).rejects.toMatchObject({ code });
  });
});
