import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, fsError } from './fs-error.js';
import { type LockToken, parseToken, startDigest } from './lock-token.js';
import type { ProcessTable } from './process-contract.js';

/** The token; undefined when there is no lock yet. */
export async function readToken(path: string): Promise<LockToken | undefined> {
  let names: string[];
  try {
    names = await readdir(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fsError(error, { verb: 'read the lock', path });
  }
  // A listing that runs while the token is renamed may show both names, or neither.
  let newest: LockToken | undefined;
  for (const name of names) {
    const token = parseToken(name);
    if (token !== undefined && token.generation > (newest?.generation ?? -1)) newest = token;
  }
  return newest;
}

/** Renames the token; false when it is not called `from` any more. */
export async function swapToken(path: string, from: string, to: string): Promise<boolean> {
  try {
    await rename(join(path, from), join(path, to));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fsError(error, { verb: 'lock', path });
  }
}

/** Whether the process that holds a lock still lives. */
export async function isHeldBy(
  holder: { readonly pid: number; readonly start: string },
  processes: ProcessTable,
): Promise<boolean> {
  const identity = await processes.identify(holder.pid);
  return identity !== undefined && startDigest(identity) === holder.start;
}

/** Whether something else than a directory is in the place of a lock: nobody can take it. */
export async function isNoLock(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch {
    return false; // it is gone
  }
}

/** The locks of a directory that living processes hold, by what their names tell: `vm-web`. Changes nothing. */
export async function heldLocks(directory: string, processes: ProcessTable): Promise<readonly string[]> {
  const held: string[] = [];
  for (const entry of await readdir(directory).catch(() => [])) {
    const path = join(directory, entry);
    const token = entry.endsWith('.lock') && !(await isNoLock(path)) ? await readToken(path) : undefined;
    if (token?.holder !== undefined && (await isHeldBy(token.holder, processes))) {
      held.push(entry.slice(0, -'.lock'.length));
    }
  }
  return held;
}
