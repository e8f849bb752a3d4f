import { nearest } from '../errors/nearest.js';
import { VmctlError } from '../errors/vmctl-error.js';
import type { DiskFormat } from '../images/contract.js';
import type { CachedImage } from '../images/image-cache.js';
import type { ImageStore } from '../images/image-store.js';
import { imageUse, type ImageUse } from './image-use.js';
import type { Runtime } from './runtime.js';

/** An image of the cache. Field names are those of `vmctl image list --json`; sizes in bytes. */
export interface ImageListing {
  /** The file's name at its source, unpacked: `noble.img`. */
  readonly name: string;
  /** Where it comes from, without secrets: a URL, or the path of a packed file. */
  readonly url: string;
  /** Of the download, before it was unpacked: 64 hex digits. */
  readonly sha256: string;
  readonly format: DiskFormat;
  /** What a guest sees. */
  readonly virtualSize: number;
  /** What was transferred. */
  readonly downloadSize: number;
  /** The file's length. */
  readonly size: number;
  /** What it takes on the disk; holes do not count. */
  readonly diskUsage: number;
  /** ISO 8601. */
  readonly fetchedAt: string;
  /** Absolute. */
  readonly path: string;
  /** VMs whose disks stand on it, running or not, and those that are just being made from it. */
  readonly usedBy: readonly string[];
}

/** An image with what the store needs to work with it. */
export interface KnownImage {
  readonly image: CachedImage;
  readonly listing: ImageListing;
}

/** Digits of a digest that are shown, and the fewest that name an image. */
const SHOWN_DIGITS = 12;
const FEWEST_DIGITS = 4;

/** All images of the cache, by name, the newest of several first. */
export async function knownImages(runtime: Runtime): Promise<readonly KnownImage[]> {
  const store = await runtime.images();
  const use = await imageUse(runtime);
  const images = await Promise.all(
    (await store.list()).map(async (image) => ({ image, listing: await describeImage(store, image, use) })),
  );
  return images.toSorted(
    ({ listing: a }, { listing: b }) => compare(a.name, b.name) || compare(b.fetchedAt, a.fetchedAt),
  );
}

/** One image as it is listed. */
export async function describeImage(
  store: ImageStore,
  image: CachedImage,
  use: ImageUse,
): Promise<ImageListing> {
  const { record, path } = image;
  return {
    // Key and digest come before it.
    name: record.file.split('-').slice(2).join('-'),
    url: record.url,
    sha256: record.sha256,
    format: record.format,
    virtualSize: record.virtual_size,
    downloadSize: record.download_size,
    size: record.size,
    diskUsage: await store.diskUsage(image),
    fetchedAt: record.fetched_at,
    path,
    usedBy: use.get(record.file) ?? [],
  };
}

/**
 * The image that a word names: its URL, path, name, or the beginning of its digest.
 *
 * @throws VMCTL_IMAGE_UNKNOWN, with the nearest name
 * @throws VMCTL_IMAGE_AMBIGUOUS when it names several
 */
export function selectImage(images: readonly KnownImage[], word: string): KnownImage {
  const digits = word.toLowerCase().replace(/^sha256:/, '');
  const isDigest = digits.length >= FEWEST_DIGITS && /^[0-9a-f]+$/.test(digits);
  const exact = images.filter(({ listing: { url, path, name } }) => [url, path, name].includes(word));
  const found =
    exact.length > 0 ? exact : images.filter(({ listing }) => isDigest && listing.sha256.startsWith(digits));
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  if (first === undefined) throw unknownImage(images, word);
  throw new VmctlError('VMCTL_IMAGE_AMBIGUOUS', {
    message: `"${word}" names ${found.length} images:\n${found
      .map(({ listing }) => `  ${shortDigest(listing)}  ${listing.url}`)
      .join('\n')}`,
    hint: 'Name one by its URL, its path, or the beginning of its digest.',
    details: { word, images: found.map(({ listing }) => listing.path) },
  });
}

/** As much of a digest as is shown. */
export function shortDigest({ sha256 }: Pick<ImageListing, 'sha256'>): string {
  return sha256.slice(0, SHOWN_DIGITS);
}

function unknownImage(images: readonly KnownImage[], word: string): VmctlError {
  const names = [...new Set(images.flatMap(({ listing: { name, url } }) => [name, url]))];
  const near = names.find((name) => word !== '' && name.startsWith(word)) ?? nearest(word, names);
  return new VmctlError('VMCTL_IMAGE_UNKNOWN', {
    message: `There is no image "${word}" in the cache.`,
    hint: near === undefined ? 'See which there are: vmctl image list' : `Did you mean "${near}"?`,
    details: { word },
  });
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
