import { hasCode } from '../errors/vmctl-error.js';
import type { LockHolder } from '../host/lock-token.js';
import type { CachedImage, ImageCache } from './image-cache.js';
import { lockName, type WithLock } from './image-lock.js';

/** What became of an image that was to be removed. */
export type Removal =
  | { readonly outcome: 'removed' }
  /** Somebody else has removed it meanwhile. */
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'needed'; /** VMs whose disks stand on it. */ readonly vms: readonly string[] };

/** Says which VMs need an image, by the name of its file in the cache. */
export type ImageUsers = (file: string) => Promise<readonly string[]>;

/** What both kinds of removal work with. */
interface RemovalOptions {
  readonly cache: ImageCache;
  readonly withLock: WithLock;
  readonly users: ImageUsers;
  readonly signal: AbortSignal;
}

/**
 * Removes an image unless a VM needs it. Waits for whoever is just fetching it.
 *
 * `users` is asked twice, the second time when nobody can find the image any more: whoever found it before has claimed
 * it by then.
 *
 * @param options - `wait: false` fails instead of waiting
 * @throws VMCTL_LOCKED with `wait: false`, when somebody is fetching it
 */
export async function removeImage(
  image: CachedImage,
  {
    cache,
    withLock,
    users,
    signal,
    wait,
    onWait,
  }: RemovalOptions & { readonly wait: boolean; readonly onWait: (holder: LockHolder) => void },
): Promise<Removal> {
  const { key, file } = image.record;
  const remove = async (): Promise<Removal> => {
    if (!(await cache.has(image))) return { outcome: 'absent' };
    const before = await users(file);
    if (before.length > 0) return { outcome: 'needed', vms: before };
    await cache.hide(image);
    let vms: readonly string[];
    try {
      vms = await users(file);
    } catch (error) {
      await cache.show(image);
      throw error;
    }
    if (vms.length > 0) {
      await cache.show(image);
      return { outcome: 'needed', vms };
    }
    await cache.delete(image);
    return { outcome: 'removed' };
  };
  return withLock(lockName(key), signal, remove, { purpose: 'removing an image', wait, onWait });
}

/**
 * Names of the files that {@link removeLeftovers} would remove; nothing is changed.
 *
 * @param isLocked - whether somebody holds the lock of that name
 */
export async function findLeftovers(
  cache: ImageCache,
  users: ImageUsers,
  isLocked: (name: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const found: string[] = [];
  const seen = await cache.unfinished();
  for (const { file, key } of seen) {
    if (await isLocked(lockName(key))) continue;
    const hidden = (await cache.hidden(key)).find(
      (each) => file === each.file || file === `${each.file}.json`,
    );
    if (hidden === undefined || (await users(hidden.file)).length === 0) found.push(file);
  }
  // What was on its way when it was seen, and has arrived since, was none.
  const still = new Set((await cache.unfinished()).map(({ file }) => file));
  return found.filter((file) => still.has(file));
}

/**
 * Removes what killed runs have left in the cache: parts of downloads, and images that were on their way out. What
 * somebody is fetching is left alone.
 *
 * @returns names of files
 */
export async function removeLeftovers({
  cache,
  withLock,
  users,
  signal,
}: RemovalOptions): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const key of await cache.keysWithLeftovers()) {
    const clean = async (): Promise<void> => {
      removed.push(...(await cache.removeLeftovers(key)));
      for (const hidden of await cache.hidden(key)) {
        if ((await users(hidden.file)).length > 0) continue;
        await cache.delete(hidden);
        await cache.hide(hidden);
        removed.push(hidden.file);
      }
    };
    const purpose = 'tidying up the image cache';
    await withLock(lockName(key), signal, clean, { purpose, wait: false }).catch((error: unknown) => {
      if (!hasCode(error, 'VMCTL_LOCKED')) throw error;
    });
  }
  return removed;
}
