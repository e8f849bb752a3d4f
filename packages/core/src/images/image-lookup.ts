import { basename } from 'node:path';
import type { ImageReference } from './contract.js';
import type { ImageCache } from './image-cache.js';
import { openImageFile } from './local-file.js';
import { describePackedFile, describeUrl, type ImageSources } from './wanted-image.js';

/** What using an image would cost now. */
export interface ImageLookup {
  /** For people: the file's name. */
  readonly label: string;
  /** `local`: a file that is used as it is; `cached`: in the cache; `fetch`, `unpack`: into the cache first. */
  readonly from: 'local' | 'cached' | 'fetch' | 'unpack';
}

/**
 * Where an image would come from if a VM were made of it now. Reads the cache and files of this host; fetches nothing,
 * and asks no server: an image that is gone from its server shows as `fetch`.
 *
 * @throws VMCTL_IMAGE_NOT_FOUND, VMCTL_IMAGE_INVALID, VMCTL_NOT_READABLE for a file of this host
 * @throws VMCTL_IMAGE_URL_INVALID, VMCTL_IMAGE_SCHEME_UNKNOWN
 */
export async function lookUpImage(
  reference: ImageReference,
  { cache, sources }: { readonly cache: ImageCache; readonly sources: ImageSources },
): Promise<ImageLookup> {
  if (reference.kind === 'path') {
    const { path } = reference;
    const packed = await describePackedFile(path);
    if (packed !== undefined) {
      const { key, sha256, label } = packed;
      return { label, from: (await cache.find(key, sha256)) === undefined ? 'unpack' : 'cached' };
    }
    await (await openImageFile(path)).file.close();
    return { label: basename(path), from: 'local' };
  }
  const { key, sha256, label } = await describeUrl(reference, sources);
  return { label, from: (await cache.find(key, sha256)) === undefined ? 'fetch' : 'cached' };
}
