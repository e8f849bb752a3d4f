import { type ErrorReport, reportError } from '../errors/error-report.js';
import { hasCode, VmctlError } from '../errors/vmctl-error.js';
import { type ImageListing, knownImages, type KnownImage, selectImage } from './image-listing.js';
import { imageUse } from './image-use.js';
import type { Runtime } from './runtime.js';

export interface RemoveImagesOptions {
  /** URLs, paths, names or beginnings of digests. */
  readonly images: readonly string[];
  /** False: fail at once for an image that somebody is fetching. Default true. */
  readonly wait?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PruneImagesOptions {
  /** Leave those that were fetched later than so long ago; milliseconds. Default 0. */
  readonly olderThanMs?: number | undefined;
  /** Only say what would be removed. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of images that were to be removed. Field names are those of `vmctl image remove --json`. */
export interface RemoveImagesResult {
  readonly removed: readonly ImageListing[];
  /** Those that are still there, and why. */
  readonly kept: readonly { readonly image: ImageListing; readonly error: ErrorReport }[];
  /** Bytes of the disk that are free again. */
  readonly freedBytes: number;
}

/** What `vmctl image prune` did. */
export interface PruneImagesResult {
  /** Or what would be, with `dryRun`. */
  readonly removed: readonly ImageListing[];
  readonly kept: readonly {
    readonly image: ImageListing;
    /** `needed`: VMs stand on it; `recent`: not old enough; `busy`: somebody is fetching it. */
    readonly reason: 'needed' | 'recent' | 'busy';
  }[];
  /** Names of files that killed runs have left. With `dryRun` they are not looked for. */
  readonly leftovers: readonly string[];
  /** Bytes of the disk that are free again, leftovers not counted. */
  readonly freedBytes: number;
  readonly dryRun: boolean;
}

/**
 * Removes images from the cache. One that a VM needs, also a stopped one, stays; so does, with an error of its own,
 * every one that cannot be removed.
 *
 * @throws VMCTL_IMAGE_UNKNOWN and VMCTL_IMAGE_AMBIGUOUS, before anything is removed
 */
export async function removeImages(
  runtime: Runtime,
  options: RemoveImagesOptions,
): Promise<RemoveImagesResult> {
  const { wait = true, signal = new AbortController().signal } = options;
  const known = await knownImages(runtime);
  const selected = [...new Set(options.images.map((word) => selectImage(known, word)))];
  const removed: ImageListing[] = [];
  const kept: RemoveImagesResult['kept'][number][] = [];
  for (const each of selected) {
    signal.throwIfAborted();
    try {
      const vms = await removeOne(runtime, each, { wait, signal });
      if (vms.length > 0) throw needed(each.listing, vms);
      removed.push(each.listing);
    } catch (error) {
      signal.throwIfAborted();
      kept.push({ image: each.listing, error: reportError(error) });
    }
  }
  return { removed, kept, freedBytes: total(removed) };
}

/** Removes the images that no VM needs, and what killed runs have left in the cache. */
export async function pruneImages(
  runtime: Runtime,
  options: PruneImagesOptions = {},
): Promise<PruneImagesResult> {
  const { olderThanMs = 0, dryRun = false, signal = new AbortController().signal } = options;
  const latest = Date.now() - olderThanMs;
  const removed: ImageListing[] = [];
  const kept: PruneImagesResult['kept'][number][] = [];
  for (const each of await knownImages(runtime)) {
    signal.throwIfAborted();
    const image = each.listing;
    if (image.usedBy.length > 0) kept.push({ image, reason: 'needed' });
    // A time that is none is no reason to remove anything.
    else if (!(Date.parse(image.fetchedAt) <= latest)) kept.push({ image, reason: 'recent' });
    else if (dryRun) removed.push(image);
    else {
      const vms = await removeOne(runtime, each, { wait: false, signal }).catch((error: unknown) => {
        if (hasCode(error, 'VMCTL_LOCKED')) return undefined;
        throw error;
      });
      if (vms === undefined) kept.push({ image, reason: 'busy' });
      else if (vms.length > 0) kept.push({ image: { ...image, usedBy: vms }, reason: 'needed' });
      else removed.push(image);
    }
  }
  const leftovers = dryRun
    ? []
    : await (await runtime.images()).removeLeftovers({ users: usersOf(runtime), signal });
  return { removed, kept, leftovers, freedBytes: total(removed), dryRun };
}

/** Removes one image; the VMs that need it come back, and then it is still there. */
async function removeOne(
  runtime: Runtime,
  { image }: KnownImage,
  options: { readonly wait: boolean; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const store = await runtime.images();
  const removal = await store.remove(image, {
    ...options,
    users: usersOf(runtime),
    events: runtime.events,
  });
  return removal.outcome === 'needed' ? removal.vms : [];
}

function usersOf(runtime: Runtime): (file: string) => Promise<readonly string[]> {
  return async (file) => (await imageUse(runtime)).get(file) ?? [];
}

function needed({ name, url, path }: ImageListing, vms: readonly string[]): VmctlError {
  const who = vms.length === 1 ? `The VM ${vms[0]} needs` : `The VMs ${vms.join(', ')} need`;
  return new VmctlError('VMCTL_IMAGE_NEEDED', {
    message: `${who} the image ${name} (${url}): disks stand on it.`,
    hint: `To remove it with ${vms.length === 1 ? 'that VM' : 'those VMs'}: vmctl destroy ${vms.join(' ')}`,
    details: { vms, path },
  });
}

function total(images: readonly ImageListing[]): number {
  return images.reduce((bytes, { diskUsage }) => bytes + diskUsage, 0);
}
