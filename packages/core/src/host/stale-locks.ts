import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, fsError } from './fs-error.js';
import { isHeldBy, isNoLock, readToken, swapToken } from './lock-directory.js';
import { freeToken, type LockHolder } from './lock-token.js';
import type { ProcessTable } from './process-contract.js';

/** Making a lock takes milliseconds; what is older than this was left by a process that was killed meanwhile. */
const UNBORN_MS = 60 * 60 * 1000;

/** Something in a directory of locks that no living process is behind. */
export type StaleLock =
  | {
      /** Its holder is gone: whoever wants the lock next takes it over. */
      readonly kind: 'abandoned';
      /** What is locked, as far as the directory's name tells it: `vm-web`. */
      readonly name: string;
      readonly path: string;
      readonly holder: LockHolder;
    }
  /** Left by a process that was killed while it made a lock. */
  | { readonly kind: 'unborn'; readonly path: string }
  /** Is not ours, or holds files that are not, and so can never be taken. */
  | { readonly kind: 'damaged'; readonly path: string };

/** Looks at all locks of a directory; changes nothing. */
export async function findStaleLocks(
  directory: string,
  processes: ProcessTable,
  now: number = Date.now(),
): Promise<readonly StaleLock[]> {
  const found: StaleLock[] = [];
  for (const entry of await entriesOf(directory)) {
    const path = join(directory, entry);
    if (entry.startsWith('.new-')) {
      if (now - (await changedAt(path, now)) > UNBORN_MS) found.push({ kind: 'unborn', path });
      continue;
    }
    if (!entry.endsWith('.lock')) continue;
    if (await isNoLock(path)) {
      found.push({ kind: 'damaged', path });
      continue;
    }
    const token = await readToken(path);
    if (token === undefined) {
      // A listing can miss a token that is just renamed; files of others are there every time.
      if ((await entriesOf(path)).length > 0 && (await readToken(path)) === undefined) {
        found.push({ kind: 'damaged', path });
      }
    } else if (token.holder !== undefined && !(await isHeldBy(token.holder, processes))) {
      const name = entry.slice(0, -'.lock'.length);
      found.push({ kind: 'abandoned', name, path, holder: token.holder });
    }
  }
  return found;
}

/**
 * Frees a lock whose holder is gone, and removes one that was never finished. Safe at any time: what somebody has taken
 * meanwhile stays theirs.
 *
 * @returns false when there is nothing to do any more
 */
export async function clearStaleLock(
  path: string,
  processes: ProcessTable,
  now: number = Date.now(),
): Promise<boolean> {
  const [stale] = (await findStaleLocks(join(path, '..'), processes, now)).filter(
    (each) => each.path === path && each.kind !== 'damaged',
  );
  if (stale?.kind === 'unborn') {
    await rm(path, { recursive: true, force: true });
    return true;
  }
  const token = stale === undefined ? undefined : await readToken(path);
  if (token?.holder === undefined || (await isHeldBy(token.holder, processes))) return false;
  return swapToken(path, token.name, freeToken(token.generation + 1));
}

async function entriesOf(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fsError(error, { verb: 'read the directory', path: directory });
  }
}

async function changedAt(path: string, now: number): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return now; // it became a lock
  }
}
