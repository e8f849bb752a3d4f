import type { LockHolder } from '../host/lock-token.js';

/**
 * Runs `work` while nobody else, in this process or another one, holds the lock of that name.
 * Rejects with the signal's reason when it aborts before the lock is there.
 */
export type WithLock = <T>(
  name: string,
  signal: AbortSignal,
  work: () => Promise<T>,
  options?: {
    /** For the messages of whoever waits. Default `fetching an image`. */
    readonly purpose?: string;
    /** False: reject with VMCTL_LOCKED when somebody else holds it. Default true. */
    readonly wait?: boolean;
    /** Called once for each holder that is waited for. */
    readonly onWait?: (holder: LockHolder) => void;
  },
) => Promise<T>;

/** The key as far as it is in the names of files: leftovers tell no more of it. */
export function lockName(key: string): string {
  return `image-${key.slice(0, 16)}`;
}
