import { createHash, type Hash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import type { ProvisionInput } from './contract.js';
import { stableJson } from './stable-json.js';

/** Part of every fingerprint: a change of the method is a change of the step. */
const METHOD = 'vmctl step 1';
const BLOCK = 256 * 1024;

export interface FingerprintSubject {
  readonly type: string;
  readonly config: unknown;
  readonly inputs: readonly ProvisionInput[];
}

/**
 * The SHA-256 of a step: its type, its configuration and its inputs, in hex. Of a file counts content and mode, of a
 * directory all names, kinds, modes, contents and the targets of symbolic links; times and owners do not count.
 * Memory does not grow with the inputs.
 *
 * @throws VMCTL_FILE_NOT_FOUND for an input that is not there
 */
export async function fingerprint(subject: FingerprintSubject, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  add(hash, METHOD, subject.type, stableJson(subject.config));
  for (const input of subject.inputs) {
    if (input.kind === 'value') add(hash, 'value', input.name, input.value);
    else await addInput(hash, input.path, signal);
  }
  return hash.digest('hex');
}

/** Each text with its length before it, so that no two lists of texts are the same bytes. */
function add(hash: Hash, ...texts: readonly string[]): void {
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}:`).update(text);
}

async function addInput(hash: Hash, path: string, signal: AbortSignal | undefined): Promise<void> {
  let stats: Stats;
  try {
    stats = await stat(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fsError(error, { verb: 'read', path });
    throw new VmctlError('VMCTL_FILE_NOT_FOUND', {
      message: `${path} does not exist; the step needs it.`,
      cause: error,
      details: { path },
    });
  }
  await addEntry(hash, { path, name: '', stats }, signal);
}

/** A thing below an input; `name` is relative to the input. */
interface Entry {
  readonly path: string;
  readonly name: string;
  readonly stats: Stats;
}

async function addEntry(hash: Hash, entry: Entry, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { path, name, stats } = entry;
  try {
    if (stats.isSymbolicLink()) return add(hash, 'link', name, await readlink(path));
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isFile()) {
      add(hash, 'file', name, mode);
      return await addContent(hash, path, signal);
    }
    // Reading a pipe would wait, and a socket or device has no content to compare.
    if (!stats.isDirectory()) return add(hash, 'special', name, mode);
    add(hash, 'directory', name, mode);
    for (const child of (await readdir(path)).toSorted(byCodeUnits)) {
      const childPath = join(path, child);
      const below = { path: childPath, name: join(name, child), stats: await lstat(childPath) };
      await addEntry(hash, below, signal);
    }
  } catch (error) {
    if (signal?.aborted === true || errnoOf(error) === undefined) throw error;
    throw fsError(error, { verb: 'read', path });
  }
}

async function addContent(hash: Hash, path: string, signal: AbortSignal | undefined): Promise<void> {
  // Should it have become a pipe meanwhile, opening it does not wait.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const block = Buffer.allocUnsafe(BLOCK);
  let size = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(block, 0, BLOCK);
    if (bytesRead === 0) break;
    hash.update(block.subarray(0, bytesRead));
    size += bytesRead;
  }
  add(hash, String(size));
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}
