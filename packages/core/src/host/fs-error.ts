import { dirname } from 'node:path';
import { shellWord } from '../errors/shell-word.js';
import { isVmctlError, messageOf, VmctlError } from '../errors/vmctl-error.js';
import { NotRegularFile } from './regular-file.js';

/** The `code` of a system error, such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What was tried, for {@link fsError}. */
export interface FsAttempt {
  /** In the infinitive: `write`, `read`, `make the directory`. One that starts with `read` only reads. */
  readonly verb: string;
  readonly path: string;
}

/**
 * A file system error as one of ours, that names the path and says what to do.
 *
 * Gives VMCTL_DISK_FULL, VMCTL_NOT_WRITABLE, VMCTL_NOT_READABLE, VMCTL_NOT_A_DIRECTORY, VMCTL_FILE_MISSING, and
 * VMCTL_FILE_FAILED for the rest. An error that is ours already comes back as it is.
 */
export function fsError(error: unknown, { verb, path }: FsAttempt): Error {
  if (isVmctlError(error)) return error;
  const errno = errnoOf(error);
  const make = (code: string, why: string, hint: string | undefined): VmctlError =>
    new VmctlError(code, {
      message: `Cannot ${verb} ${path}: ${why}.`,
      hint,
      cause: error,
      details: { path, errno: errno ?? null },
    });
  if (error instanceof NotRegularFile) {
    return make(
      'VMCTL_FILE_FAILED',
      `${error.kind} is where a file is needed`,
      // Whatever a device is for, somebody needs it where it is.
      error.kind === 'a device'
        ? 'Name a file in its place.'
        : `Move it away: mv ${shellWord(path)} ${shellWord(`${path}.old`)}`,
    );
  }
  switch (errno) {
    case 'ENOSPC':
      return make(
        'VMCTL_DISK_FULL',
        'the disk is full',
        `Free some space, or see what fills it: df -h ${dirname(path)}`,
      );
    case 'EDQUOT':
      return make(
        'VMCTL_DISK_FULL',
        'your disk quota is used up',
        'Free some space, or ask for a larger quota.',
      );
    case 'EROFS':
      return make(
        'VMCTL_NOT_WRITABLE',
        'the file system is read-only',
        'Put it on a writable file system. For the data directory: set VMCTL_DATA_DIR (vmctl help config).',
      );
    case 'EACCES':
    case 'EPERM':
      return make(
        verb.startsWith('read') ? 'VMCTL_NOT_READABLE' : 'VMCTL_NOT_WRITABLE',
        'permission denied',
        `Check who owns it: ls -ld ${dirname(path)} ${path}`,
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return make(
        'VMCTL_NOT_A_DIRECTORY',
        'a file is where a directory is needed',
        'Move that file away, or choose another place.',
      );
    case 'ENOENT':
      return make('VMCTL_FILE_MISSING', 'there is no such file or directory', undefined);
    case 'EISDIR':
      return make('VMCTL_FILE_FAILED', 'a directory is where a file is needed', 'Move that directory away.');
    default:
      return make('VMCTL_FILE_FAILED', messageOf(error), undefined);
  }
}
