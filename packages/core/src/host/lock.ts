import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VmctlError } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from './fs-error.js';
import { localTime } from './local-time.js';
import { isHeldBy, readToken, swapToken } from './lock-directory.js';
import { freeToken, heldToken, type LockHolder } from './lock-token.js';
import type { ProcessIdentity, ProcessTable } from './process-contract.js';

export type { LockHolder } from './lock-token.js';

/** What {@link acquireLock} is given. */
export interface AcquireLockOptions {
  /** Where locks are kept; made when missing (0700). */
  readonly directory: string;
  /** What is locked: `vm-web`. Any text; two texts are two locks. */
  readonly name: string;
  /** What it is for people, in messages: `VM "web"`. Default: the name. */
  readonly subject?: string | undefined;
  /** What the holder does, for the messages of others: `up`. */
  readonly purpose: string;
  readonly processes: ProcessTable;
  /** False: fail at once when somebody else holds it. */
  readonly wait: boolean;
  /** An abort ends the waiting; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait; default one hour. */
  readonly timeoutMs?: number | undefined;
  /** Called for each holder that is waited for, once. */
  readonly onWait?: ((holder: LockHolder) => void) | undefined;
}

/** A lock that is held. */
export interface Lock extends AsyncDisposable {
  /** Idempotent. */
  release(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 60 * 60 * 1000;
const SHORTEST_POLL_MS = 2;
const LONGEST_POLL_MS = 50;
/** Listings in a row without a token; a few can happen while others rename it. */
const MOST_MISSES = 1000;

/**
 * Takes an exclusive lock between processes, and between parts of this one. Not reentrant.
 *
 * A lock is a directory with exactly one file, the token, whose *name* is the lock's whole state
 * ({@link LockToken}). Every change is one `rename` of the token to a name of the next generation. That makes it
 * a compare-and-swap: a name never comes back, so of several processes that saw the same token only one can
 * rename it, and one that acts on an old view finds nothing to rename. The holder's process id and start time are
 * in the name, so a lock whose holder died can be taken over at once, by any number of takers; there is no moment
 * at which a kill leaves it in between. The directory appears with its token by a rename as well, which fails
 * when there is one already, and is never removed.
 *
 * Good for one host: holders on another one (a home directory on NFS) look dead.
 *
 * @throws VMCTL_LOCKED when somebody else holds it, with `wait: false` or after `timeoutMs`
 */
export async function acquireLock(options: AcquireLockOptions): Promise<Lock> {
  const { processes, purpose, signal } = options;
  const self = await identifySelf(processes);
  const path = join(options.directory, `${fileName(options.name)}.lock`);
  const deadline = performance.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  let announced: string | undefined;
  let pause = SHORTEST_POLL_MS;
  let missed = 0;
  for (;;) {
    signal?.throwIfAborted();
    const token = await readToken(path);
    if (token === undefined) {
      if (++missed > MOST_MISSES) throw damaged(path);
      await createFree(options.directory, path);
      continue;
    }
    missed = 0;
    if (token.holder === undefined || !(await isHeldBy(token.holder, processes))) {
      const held = heldToken(token.generation + 1, self, purpose);
      if (await swapToken(path, token.name, held)) return lock(path, held, token.generation + 2);
      continue;
    }
    const left = deadline - performance.now();
    if (!options.wait || left <= 0) throw locked(options, token.holder);
    if (announced !== token.name) {
      announced = token.name;
      options.onWait?.(token.holder);
    }
    // Random, so that many waiters do not march in step. An abort rejects with an error of the timer's.
    const delay = Math.min(pause * (0.5 + Math.random() / 2), left);
    await sleep(delay, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    pause = Math.min(pause * 2, LONGEST_POLL_MS);
  }
}

/** Who holds a lock now; undefined when nobody does, or whoever did is gone. Changes nothing. */
export async function lockHolder(
  options: Pick<AcquireLockOptions, 'directory' | 'name' | 'processes'>,
): Promise<LockHolder | undefined> {
  const path = join(options.directory, `${fileName(options.name)}.lock`);
  for (let misses = 0; misses <= MOST_MISSES; misses++) {
    const token = await readToken(path);
    if (token !== undefined) {
      const { holder } = token;
      return holder !== undefined && (await isHeldBy(holder, options.processes)) ? holder : undefined;
    }
    if (!(await exists(path))) return undefined;
  }
  throw damaged(path);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fsError(error, { verb: 'read the lock', path });
  }
}

function lock(path: string, held: string, generation: number): Lock {
  let released: Promise<void> | undefined;
  const release = (): Promise<void> => {
    // False when somebody removed the directory: there is nothing left to release.
    released ??= swapToken(path, held, freeToken(generation)).then(() => undefined);
    return released;
  };
  return { release, [Symbol.asyncDispose]: release };
}

/** Makes the lock with a free token, unless it is there. */
async function createFree(directory: string, path: string): Promise<void> {
  let unborn: string | undefined;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    unborn = await mkdtemp(join(directory, '.new-'));
    await writeFile(join(unborn, freeToken(0)), '');
    await rename(unborn, path);
  } catch (error) {
    if (unborn !== undefined) await rm(unborn, { recursive: true, force: true });
    // Somebody else made it meanwhile. An empty directory, as a power cut may leave it, is replaced.
    if (['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '') && unborn !== undefined) return;
    throw fsError(error, { verb: 'make the lock', path });
  }
}

async function identifySelf(processes: ProcessTable): Promise<ProcessIdentity> {
  const self = await processes.identify(process.pid);
  if (self !== undefined) return self;
  throw new VmctlError('VMCTL_PROCESS_TABLE_UNREADABLE', {
    message: 'vmctl does not find its own process in the process table, so it cannot take locks.',
    hint: process.platform === 'linux' ? 'Mount /proc: mount -t proc proc /proc' : undefined,
  });
}

/** A file name for any text, readable for ordinary ones. */
function fileName(name: string): string {
  const encoded = encodeURIComponent(name.toWellFormed());
  if (encoded.length <= 100 && name.isWellFormed()) return encoded;
  const digest = createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('hex');
  return `${encoded.slice(0, 60)}-${digest.slice(0, 32)}`;
}

function damaged(path: string): VmctlError {
  return new VmctlError('VMCTL_FILE_FAILED', {
    message: `The directory ${path} holds files that are not vmctl's, so it cannot serve as a lock.`,
    hint: `When no vmctl runs, remove it: rm -r '${path}'`,
    details: { path },
  });
}

function locked(options: AcquireLockOptions, holder: LockHolder): VmctlError {
  const subject = options.subject ?? options.name;
  const waited = options.wait ? 'still ' : '';
  return new VmctlError('VMCTL_LOCKED', {
    message: `The ${subject} is ${waited}in use: process ${holder.pid} (${holder.purpose}) has worked on it since ${localTime(holder.since)}.`,
    hint: options.wait
      ? `See what it does: ps -fp ${holder.pid}. If it hangs, end it: kill ${holder.pid}`
      : 'Try again when it has ended, or leave out --no-wait.',
    details: {
      name: options.name,
      pid: holder.pid,
      purpose: holder.purpose,
      since: holder.since.toISOString(),
    },
  });
}
