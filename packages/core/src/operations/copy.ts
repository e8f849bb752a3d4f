import type { Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import type { GuestSession } from '../guest/contract.js';
import { type CopyRoute, routeOf, targetOf } from './copy-paths.js';
import { type LoginOptions, openGuest } from './guest-login.js';
import type { Runtime } from './runtime.js';

export interface CopyOptions extends LoginOptions {
  /** Paths of this host, or of one VM: `web:/srv/site`. Relative ones of a VM start at the login user's home. */
  readonly sources: readonly string[];
  /** On the other side. */
  readonly destination: string;
  /** Whether root's rights are used through sudo where the login user has none. Default true. */
  readonly sudo?: boolean | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far the copy of one source is. */
export interface CopyProgress {
  /** As it was given. */
  readonly source: string;
  /** Bytes of content that are there, and in all where that is known. */
  readonly bytes: number;
  readonly totalBytes: number | undefined;
  /** How many of them an earlier, interrupted copy had brought. */
  readonly resumedBytes: number;
}

/** A source that was copied. */
export interface CopiedSource {
  readonly source: string;
  /** What it is now on the other side. */
  readonly target: string;
  readonly bytes: number;
  readonly resumedBytes: number;
}

export interface CopyResult {
  readonly vm: string;
  readonly direction: 'upload' | 'download';
  readonly copied: readonly CopiedSource[];
}

/**
 * Copies files and directories to a running VM, or from it; modes and symbolic links are kept. A file that is there is
 * replaced in one step. What has arrived of a big file stays when the copy ends early, and the same copy goes on there.
 *
 * @throws VMCTL_USAGE when it does not go between this host and one VM
 * @throws VMCTL_VM_UNKNOWN, VMCTL_VM_NOT_RUNNING, VMCTL_GUEST_* and errors of the file system, which name the path
 */
export async function copy(runtime: Runtime, options: CopyOptions): Promise<CopyResult> {
  const { signal, sudo = true } = options;
  const route = routeOf(options.sources, options.destination);
  const isUpload = route.direction === 'upload';
  const sizes = new Map<string, number | undefined>();
  if (isUpload) {
    for (const path of route.sources) sizes.set(path, await localSize(resolve(runtime.cwd, path)));
  }
  const session = await openGuest(runtime, route.vm, options);
  try {
    const isDirectory = await goesIntoDirectory(runtime, session, route, signal);
    const copied: CopiedSource[] = [];
    for (const path of route.sources) {
      const target = targetOf(path, route.destination, isDirectory);
      const source = isUpload ? path : `${route.vm}:${path}`;
      let [bytes, resumedBytes] = [0, 0];
      const totalBytes = isUpload ? sizes.get(path) : await remoteSize(session, path, signal);
      const transfer = {
        signal,
        sudo: sudo ? ('auto' as const) : ('never' as const),
        resume: true,
        onResume: (before: number) => {
          resumedBytes = before;
        },
        onProgress: (now: number) => {
          bytes = now;
          options.onProgress?.({ source, bytes, totalBytes, resumedBytes });
        },
      };
      if (isUpload) await session.upload(resolve(runtime.cwd, path), target, transfer);
      else await session.download(path, localPath(runtime, target), transfer);
      copied.push({ source, target: isUpload ? `${route.vm}:${target}` : target, bytes, resumedBytes });
    }
    return { vm: route.vm, direction: route.direction, copied };
  } finally {
    await session.end();
  }
}

/** A slash at the end says that it is a directory. */
function localPath(runtime: Runtime, path: string): string {
  return path.endsWith('/') ? `${resolve(runtime.cwd, path)}/` : resolve(runtime.cwd, path);
}

async function goesIntoDirectory(
  runtime: Runtime,
  session: GuestSession,
  { direction, sources, destination }: CopyRoute,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (direction === 'upload') {
    const { exitCode } = await session.exec(['sh', '-c', `${HOME_PATH}\n[ -d "$path" ]`, 'sh', destination], {
      signal,
    });
    return exitCode === 0 || sources.length > 1;
  }
  const stats = await statOf(resolve(runtime.cwd, destination));
  if (stats === undefined || stats.isDirectory()) return stats !== undefined || sources.length > 1;
  if (!stats.isFile()) {
    throw new VmctlError('VMCTL_USAGE', {
      message: `${destination} is no plain file; it would be replaced by one.`,
      hint: 'To have the content on standard output: vmctl exec VM -- cat PATH',
    });
  }
  return sources.length > 1;
}

/** Sets `path` from `$1`; a tilde is only one for the shell when it reads it itself. */
const HOME_PATH = `case $1 in '~') path=$HOME ;; '~/'*) path=$HOME/\${1#??} ;; -*) path=./$1 ;; *) path=$1 ;; esac`;

/** The size of a remote file; undefined for directories and for what the login user cannot read. */
async function remoteSize(
  session: GuestSession,
  path: string,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const script = `${HOME_PATH}\n[ -f "$path" ] && wc -c <"$path"`;
  const { exitCode, stdout } = await session.exec(['sh', '-c', script, 'sh', path], { signal });
  return exitCode === 0 ? Number(stdout.trim()) : undefined;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fsError(error, { verb: 'read', path });
  }
}

/** The bytes of a file, or of all files in a directory; what cannot be looked at is found out when it is copied. */
async function localSize(path: string): Promise<number> {
  const stats = await stat(path).catch((error: unknown) => {
    throw fsError(error, { verb: 'read', path });
  });
  if (!stats.isDirectory()) return stats.size;
  let size = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    size += await lstat(join(entry.parentPath, entry.name)).then(
      (file) => file.size,
      () => 0,
    );
  }
  return size;
}
