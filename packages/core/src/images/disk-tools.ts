import { randomBytes } from 'node:crypto';
import { access, rename, rm } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { hasCode, isVmctlError, messageOf, VmctlError } from '../errors/vmctl-error.js';
import { shellWord } from '../errors/shell-word.js';
import type { Exec } from '../host/exec.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import type { DiskFormat, DiskTools } from './contract.js';
import { detectDiskFormat } from './disk-format.js';
import { ImageProblem } from './image-problem.js';
import { openImageFile } from './local-file.js';
import { formatBytes } from './size.js';

const SECTOR_BYTES = 512;
/** So that messages of qemu-img can be told apart. */
const ENGLISH = { LC_ALL: 'C' };

/** Makes {@link DiskTools} that run `qemu-img` through `exec`. */
export function createDiskTools({ exec }: { readonly exec: Exec }): DiskTools {
  return {
    inspect: (path, options) => inspect(exec, resolve(path), options?.subject),
    createOverlay: (options) => createOverlay(exec, options),
  };
}

async function inspect(
  exec: Exec,
  path: string,
  subject = path,
): Promise<{ readonly format: DiskFormat; readonly virtualSize: number }> {
  const found = await readDisk(path, subject);
  return { format: found.format, virtualSize: await confirm(exec, path, subject, found) };
}

/**
 * What the content of an image says of it; no other program is asked.
 *
 * @throws VMCTL_IMAGE_NOT_FOUND, VMCTL_IMAGE_INVALID, VMCTL_NOT_READABLE
 */
export async function readDisk(
  path: string,
  subject = path,
): Promise<{ readonly format: DiskFormat; readonly virtualSize: number }> {
  const { file, size } = await openImageFile(path, subject);
  try {
    return await detectDiskFormat(file, size);
  } catch (error) {
    throw error instanceof ImageProblem
      ? unusable(error, path, subject)
      : fsError(error, { verb: 'read the image', path });
  } finally {
    await file.close();
  }
}

/** @throws VMCTL_DISK_TOO_SMALL */
export function refuseSmaller(
  diskBytes: number,
  base: { readonly path: string; readonly virtualSize: number },
): void {
  if (diskBytes >= base.virtualSize) return;
  throw new VmctlError('VMCTL_DISK_TOO_SMALL', {
    message:
      `The disk is to have ${formatBytes(diskBytes)}, and the image ${basename(base.path)} ` +
      `has ${formatBytes(base.virtualSize)} already; a disk cannot shrink.`,
    hint: `Give the disk at least ${formatBytes(base.virtualSize)}, or leave the size out.`,
    details: { diskBytes, imageBytes: base.virtualSize, image: base.path },
  });
}

/**
 * Lets qemu-img have a look, always with the format explicit: one that probes would follow what a raw disk's content
 * says. It finds features that this QEMU does not know, and a writer that holds the image.
 */
async function confirm(
  exec: Exec,
  path: string,
  subject: string,
  found: { readonly format: DiskFormat; readonly virtualSize: number },
): Promise<number> {
  try {
    const { stdout } = await exec('qemu-img', ['info', '--output=json', '-f', found.format, path], {
      env: ENGLISH,
    });
    return virtualSizeOf(stdout) ?? found.virtualSize;
  } catch (error) {
    // A backend without QEMU needs none of it: the header has been read already.
    if (hasCode(error, 'VMCTL_HOST_COMMAND_MISSING')) return found.virtualSize;
    if (!hasCode(error, 'VMCTL_HOST_COMMAND_FAILED')) throw error;
    if (/Failed to get .*lock/i.test(messageOf(error))) {
      throw new VmctlError('VMCTL_IMAGE_IN_USE', {
        message: `${subject} cannot be used as an image: a running program writes to it.`,
        hint: 'Stop the VM that uses it, or give vmctl a copy.',
        cause: error,
        details: { path },
      });
    }
    throw new VmctlError('VMCTL_IMAGE_INVALID', {
      message: `${subject} cannot be used as an image: qemu-img refuses it.`,
      cause: error,
      details: { path, format: found.format },
    });
  }
}

/** The size in qemu-img's answer; undefined when the answer is not what it should be. */
function virtualSizeOf(stdout: string): number | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  if (typeof answer !== 'object' || answer === null || !('virtual-size' in answer)) return undefined;
  const size = answer['virtual-size'];
  return typeof size === 'number' && Number.isSafeInteger(size) && size > 0 ? size : undefined;
}

function unusable(problem: ImageProblem, path: string, subject: string): VmctlError {
  return new VmctlError(problem.code, {
    message: `${subject} ${problem.message}.`,
    hint: problem.convertFrom === undefined ? problem.hint : convertHint(problem.convertFrom, path, subject),
    details: { path: subject },
  });
}

function convertHint(format: string, path: string, subject: string): string {
  // With another subject the path is one that is gone when the user reads this.
  if (subject !== path) {
    return `Download it yourself, convert it, and name the result in the VMFile: qemu-img convert -f ${format} -O qcow2 <file> disk.qcow2`;
  }
  const target = `${basename(path).replace(/\.[^.]*$/, '')}.qcow2`;
  return `Convert it: qemu-img convert -f ${format} -O qcow2 ${shellWord(path)} ${shellWord(target)}`;
}

async function createOverlay(
  exec: Exec,
  { base, overlayPath, sizeBytes, signal }: Parameters<DiskTools['createOverlay']>[0],
): Promise<{ readonly virtualSize: number }> {
  const virtualSize =
    sizeBytes === undefined ? base.virtualSize : Math.ceil(sizeBytes / SECTOR_BYTES) * SECTOR_BYTES;
  // QEMU takes what stands before a colon for a protocol, unless a slash comes first: absolute paths are plain paths.
  const overlay = resolve(overlayPath);
  const basePath = resolve(base.path);
  refuseSmaller(virtualSize, { path: basePath, virtualSize: base.virtualSize });
  if (await exists(overlay)) {
    throw new VmctlError('VMCTL_DISK_EXISTS', {
      message: `There is a disk ${overlay} already; it is not overwritten.`,
      hint: 'Destroy the VM that it belongs to first.',
      details: { path: overlay },
    });
  }

  const temporary = `${overlay}.partial-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await exec(
      'qemu-img',
      ['create', '-q', '-f', 'qcow2', '-F', base.format, '-b', basePath, temporary, String(virtualSize)],
      { signal, env: ENGLISH },
    );
    signal?.throwIfAborted();
    await rename(temporary, overlay);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw overlayError(error, overlay, signal);
  }
  return { virtualSize };
}

function overlayError(error: unknown, overlay: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (!isVmctlError(error)) return fsError(error, { verb: 'make the disk', path: overlay });
  if (hasCode(error, 'VMCTL_HOST_COMMAND_FAILED') && /No space left on device/.test(error.message)) {
    return new VmctlError('VMCTL_DISK_FULL', {
      message: `Cannot make the disk ${overlay}: the file system is full.`,
      hint: 'Free some space and run the command again.',
      cause: error,
      details: { path: overlay },
    });
  }
  return error;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fsError(error, { verb: 'look at the disk', path });
  }
}
