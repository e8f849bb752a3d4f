import { createHash, randomBytes } from 'node:crypto';
import type { ProcessIdentity } from './process-contract.js';

/** Who holds a lock, as its token says it. */
export interface LockHolder {
  readonly pid: number;
  /** What it does: `up`. Cut to about 60 bytes. */
  readonly purpose: string;
  readonly since: Date;
}

/**
 * The state of a lock, which is nothing but the name of the one file in its directory:
 * `<generation>.free`, or `<generation>.<pid>.<start>.<since>.<nonce>.<purpose>` while it is held.
 */
export interface LockToken {
  /** The file's name. */
  readonly name: string;
  readonly generation: number;
  readonly holder:
    (LockHolder & { /** Digest of the process's start time. */ readonly start: string }) | undefined;
}

const HELD = /^(\d+)\.(\d+)\.([0-9a-f]{16})\.([0-9a-z]+)\.([0-9a-f]{12})\.(.*)$/;
const FREE = /^(\d+)\.free$/;

/** Names of encrypted file systems may have 143 bytes at most; everything before the purpose needs up to 75. */
const PURPOSE_BYTES = 60;

export function parseToken(name: string): LockToken | undefined {
  const free = FREE.exec(name);
  if (free !== null) return { name, generation: Number(free[1]), holder: undefined };
  const [, generation, pid, start, since, , purpose] = HELD.exec(name) ?? [];
  if (generation === undefined || start === undefined || since === undefined || purpose === undefined) {
    return undefined;
  }
  return {
    name,
    generation: Number(generation),
    holder: {
      pid: Number(pid),
      start,
      since: new Date(parseInt(since, 36)),
      purpose: decodePurpose(purpose),
    },
  };
}

/** The name of a free token. */
export function freeToken(generation: number): string {
  return `${generation}.free`;
}

/** The name of a token that this process holds; no two are the same. */
export function heldToken(generation: number, holder: ProcessIdentity, purpose: string): string {
  const since = Date.now().toString(36);
  const nonce = randomBytes(6).toString('hex');
  return [generation, holder.pid, startDigest(holder), since, nonce, encodePurpose(purpose)].join('.');
}

/** Stands for a start time in a token, whose name has to stay short. */
export function startDigest({ startTime }: ProcessIdentity): string {
  return createHash('sha256').update(startTime).digest('hex').slice(0, 16);
}

function encodePurpose(purpose: string): string {
  let encoded = '';
  for (const character of purpose.toWellFormed()) {
    // encodeURIComponent leaves the dot and all else that a file name can bear as it is.
    const next = encodeURIComponent(character);
    if (encoded.length + next.length > PURPOSE_BYTES) break;
    encoded += next;
  }
  return encoded;
}

function decodePurpose(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
