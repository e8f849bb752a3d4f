import { type ErrorReport, reportError } from '../errors/error-report.js';
import { basename } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import type { ImageStore } from '../images/image-store.js';
import { describeImage, type ImageListing, knownImages, selectImage } from './image-listing.js';
import { imageUse } from './image-use.js';
import type { Runtime } from './runtime.js';

export interface PullImagesOptions {
  readonly urls: readonly string[];
  /** Digest of the download, hex; for one URL only. */
  readonly sha256?: string | undefined;
  /** Fetch again what is in the cache: there may be another image behind the URL. Disks of VMs stay as they are. */
  readonly refresh?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of one URL. Field names are those of `vmctl image pull --json`. */
export type PulledImage =
  | {
      readonly url: string;
      /** `unchanged`: fetched again with `refresh`, and the same as before. */
      readonly outcome: 'downloaded' | 'cached' | 'unchanged';
      readonly image: ImageListing;
    }
  | { readonly url: string; readonly outcome: 'failed'; readonly error: ErrorReport };

/** All images of the cache, by name, the newest of several first. */
export async function listImages(runtime: Runtime): Promise<readonly ImageListing[]> {
  return (await knownImages(runtime)).map(({ listing }) => listing);
}

/**
 * The images that these words name: URLs, paths, names, or beginnings of digests.
 *
 * @throws VMCTL_IMAGE_UNKNOWN, VMCTL_IMAGE_AMBIGUOUS
 */
export async function inspectImages(
  runtime: Runtime,
  options: { readonly images: readonly string[] },
): Promise<readonly ImageListing[]> {
  const known = await knownImages(runtime);
  return [...new Set(options.images.map((word) => selectImage(known, word).listing))];
}

/**
 * Fetches images into the cache, all at once; those that are there already are left alone. `progress` events without a
 * VM say how far the downloads are. One that fails does not stop the others.
 *
 * @throws VMCTL_USAGE for one digest and several URLs
 */
export async function pullImages(
  runtime: Runtime,
  options: PullImagesOptions,
): Promise<readonly PulledImage[]> {
  const { sha256, refresh, signal = new AbortController().signal } = options;
  const urls = [...new Set(options.urls)];
  if (sha256 !== undefined && urls.length > 1) {
    throw new VmctlError('VMCTL_USAGE', {
      message: 'One digest cannot be that of several images.',
      hint: 'Pull the image that it belongs to by itself.',
    });
  }
  await runtime.dataDir.open();
  const store = await runtime.images();
  const before = new Set((await store.list()).map(({ path }) => path));
  const pulled = await Promise.all(
    urls.map(async (url) =>
      store
        .resolve({ kind: 'url', url, sha256 }, { vm: undefined, signal, refresh, events: runtime.events })
        .then(
          ({ origin, path }) => ({ url, outcome: origin, path }) as const,
          (error: unknown) => ({ url, outcome: 'failed', error: reportError(error) }) as const,
        ),
    ),
  );
  signal.throwIfAborted();
  const use = await imageUse(runtime).catch(() => new Map<string, readonly string[]>());
  return Promise.all(
    pulled.map(async (each): Promise<PulledImage> => {
      if (each.outcome === 'failed') return each;
      const fetched = before.has(each.path) ? 'unchanged' : 'downloaded';
      const outcome = each.outcome === 'cached' ? 'cached' : fetched;
      return { url: each.url, outcome, image: await listingAt(store, each.path, use) };
    }),
  );
}

async function listingAt(
  store: ImageStore,
  path: string,
  use: ReadonlyMap<string, readonly string[]>,
): Promise<ImageListing> {
  const image = (await store.list()).find((each) => each.path === path);
  if (image !== undefined) return describeImage(store, image, use);
  throw new VmctlError('VMCTL_IMAGE_UNKNOWN', {
    message: `The image ${basename(path)} was removed as soon as it was there.`,
    hint: 'Another command removes images at the same time; run this one again when it has ended.',
  });
}
