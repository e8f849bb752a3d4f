import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { OutputTail } from '../host/output-tail.js';
import type { TransferOptions } from './contract.js';
import { ReceivedFile, realTarget } from './received-file.js';
import { type FileTask, runFileTask } from './remote-files.js';
import type { SshConnection } from './ssh-connection.js';
import { partName, prefixDigest, RESUMABLE_BYTES } from './transfer-part.js';

/** Says what there is: its size in bytes, the time of its last change, its mode in octal. */
const LOOK = `if [ ! -f "$path" ]; then echo plain; exit; fi
stat -L -c 'file %s %Y %a' "$path" 2>/dev/null || echo plain`;

/** The digest of the first bytes. */
const DIGEST = `head -c $1 "$path" | sha256sum`;

/** `$2` bytes from a byte on, counted from 1; what is written behind them meanwhile is left. */
const READ_FROM = `tail -c +$1 "$path" | head -c $2`;

/**
 * Receives a file whose part stays here when the connection ends before it is whole.
 *
 * @param source - `allowed` are the statements that succeed when the login user may read it
 * @returns false when it cannot be done this way: it is small, or no plain file, or the guest lacks `stat`
 */
export async function downloadResumably(
  connection: SshConnection,
  source: { readonly remotePath: string; readonly allowed: string },
  localPath: string,
  options: TransferOptions,
): Promise<boolean> {
  const { signal, sudo, onProgress } = options;
  const { remotePath: remote, allowed } = source;
  const task = { verb: 'read', path: remote, allowed, sudo };
  const [kind, bytes, changed = '', octal = ''] = await answer(connection, { ...task, body: LOOK }, signal);
  const size = Number(bytes);
  if (kind !== 'file' || !(size >= RESUMABLE_BYTES)) return false;

  const path = await target(localPath);
  const names = partName(basename(path), [remote, size, changed]);
  const temporary = join(dirname(path), names.name);
  const there = await sizeOf(temporary);
  let done = 0;
  if (there > 0 && there <= size) {
    const [sum] = await answer(connection, { ...task, body: DIGEST, args: [String(there)] }, signal);
    if ((await prefixDigest(temporary, there, signal)) === sum) done = there;
  }
  await removeOthers(dirname(path), names);
  if (done > 0) options.onResume?.(done);
  onProgress?.(done);
  const file = await ReceivedFile.openPart({ temporary, path }, Number.parseInt(octal, 8) & 0o777, done);
  try {
    const rest = { ...task, body: READ_FROM, args: [String(done + 1), String(size - done)] };
    await runFileTask(connection, rest, {
      signal,
      onStdout: (chunk) => {
        done += chunk.length;
        onProgress?.(done);
        return file.take(chunk);
      },
    });
    if (done !== size) throw shortened(remote, done, size);
    await file.finish();
  } catch (error) {
    await file.abandon();
    throw error;
  }
  return true;
}

async function answer(
  connection: SshConnection,
  task: FileTask,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const said = new OutputTail(1024);
  await runFileTask(connection, task, { signal, onStdout: (chunk) => said.push(chunk) });
  return said.text().trim().split(/\s+/);
}

async function target(localPath: string): Promise<string> {
  try {
    await mkdir(dirname(localPath), { recursive: true });
    return await realTarget(localPath);
  } catch (error) {
    throw fsError(error, { verb: 'write', path: localPath });
  }
}

/** The size of a part of ours; in a directory that everybody writes to it could be somebody else's file or link. */
async function sizeOf(path: string): Promise<number> {
  try {
    const stats = await lstat(path);
    return stats.isFile() && stats.uid === process.getuid?.() ? stats.size : 0;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw fsError(error, { verb: 'read', path });
  }
}

/** What earlier versions of the source have left for this target. */
async function removeOthers(directory: string, { name, prefix }: ReturnType<typeof partName>): Promise<void> {
  for (const entry of await readdir(directory)) {
    if (entry.startsWith(prefix) && entry !== name) await rm(join(directory, entry), { force: true });
  }
}

function shortened(path: string, bytes: number, size: number): VmctlError {
  return new VmctlError('VMCTL_GUEST_TRANSFER_FAILED', {
    message: `${bytes} of ${size} bytes of ${path} came through; it became shorter while it was copied.`,
    hint: 'Wait until whatever writes it is done, and try again.',
    details: { path },
  });
}
