import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isVmctlError, messageOf, VmctlError } from '../errors/vmctl-error.js';
import { shellWord } from '../errors/shell-word.js';
import { errnoOf } from '../host/fs-error.js';
import type { VmFile } from './model.js';
import { parseVmFile, type VmFileOptions } from './parse-vmfile.js';
import { decodeText, LARGEST, tooLarge } from './file-content.js';

export { findVmFile } from './find-vmfile.js';
export { parseVmFile, type PluginLookups, type VmFileOptions } from './parse-vmfile.js';
export type { VmNodeLookup } from './read-extensions.js';
export type { ProvisionerLookup } from './read-provision.js';
export type { VmFileProblem } from './problem.js';

/**
 * Reads and checks a VMFile.
 *
 * @throws VMCTL_VMFILE_INVALID with all problems, each with its place
 * @throws VMCTL_VMFILE_NOT_FOUND when there is none at that path
 * @throws VMCTL_VMFILE_UNREADABLE for a directory, and for a file without permission to read
 */
export async function readVmFile(path: string, options: VmFileOptions): Promise<VmFile> {
  const absolute = resolve(path);
  const text = await decodeText(await readVmFileBytes(absolute), absolute);
  return parseVmFile(text, { ...options, path: absolute });
}

/**
 * The file's bytes; never reads more than can be accepted, of whatever the path leads to. A pipe that vmctl was started with,
 * `/dev/stdin` or what a shell puts for `<(…)`, is read to its end; one in a directory might have no other end.
 *
 * @param path - absolute
 * @throws VMCTL_VMFILE_INVALID for too many, VMCTL_VMFILE_NOT_FOUND, VMCTL_VMFILE_UNREADABLE
 */
export async function readVmFileBytes(path: string): Promise<Uint8Array> {
  try {
    refuseOther(path, await stat(path));
    const file = await open(path, 'r');
    try {
      const bytes = Buffer.alloc(LARGEST + 1);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length);
        if (bytesRead === 0) return bytes.subarray(0, length);
        length += bytesRead;
      }
      throw tooLarge(path);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(error, path);
  }
}

function refuseOther(path: string, stats: Stats): void {
  if (stats.isDirectory()) throw isDirectory(path);
  const isPipe = stats.isFIFO() && !isOpenFile(path);
  if (!isPipe && !stats.isSocket()) return;
  throw new VmctlError('VMCTL_VMFILE_UNREADABLE', {
    message: `${path} is a ${isPipe ? 'named pipe' : 'socket'}, and no VMFile.`,
    hint: isPipe ? 'Move it away. To read a VMFile from standard input: --file /dev/stdin' : 'Name a file.',
    details: { path },
  });
}

/** Whether a path names what this process has open, such as `/dev/fd/63`. */
function isOpenFile(path: string): boolean {
  return path.startsWith('/dev/') || path.startsWith('/proc/');
}

function isDirectory(path: string): VmctlError {
  return new VmctlError('VMCTL_VMFILE_UNREADABLE', {
    message: `${path} is a directory, and no VMFile.`,
    hint: `If there is a VMFile.kdl in it: --file ${shellWord(`${path}/VMFile.kdl`)}`,
    details: { path },
  });
}

function readError(error: unknown, path: string): unknown {
  if (isVmctlError(error)) return error;
  switch (errnoOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new VmctlError('VMCTL_VMFILE_NOT_FOUND', {
        message: `There is no file ${path}.`,
        hint: 'Check the path. Without --file, vmctl looks for VMFile.kdl here and in the directories above.',
        cause: error,
        details: { path },
      });
    case 'EACCES':
    case 'EPERM':
      return new VmctlError('VMCTL_VMFILE_UNREADABLE', {
        message: `${path} cannot be read: permission denied.`,
        hint: `Check who may read it: ls -l ${shellWord(path)}`,
        cause: error,
        details: { path },
      });
    default:
      return new VmctlError('VMCTL_VMFILE_UNREADABLE', {
        message: `${path} cannot be read: ${messageOf(error)}.`,
        cause: error,
        details: { path },
      });
  }
}
