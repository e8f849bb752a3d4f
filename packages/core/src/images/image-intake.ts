import { createHash } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import { VmctlError } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { abortable } from './abortable.js';
import { COMPRESSION_MAGIC_BYTES, compressionOf, withoutCompressionSuffix } from './compression.js';
import type { DiskTools, ImageStream } from './contract.js';
import { decompress } from './decompress.js';
import { describeText } from './disk-format.js';
import type { CachedImage, ImageCache } from './image-cache.js';
import { ImageProblem } from './image-problem.js';
import { sanitiseFileName } from './image-url.js';
import { peek } from './peek.js';
import { ProgressThrottle, type TransferProgress } from './progress-throttle.js';
import { formatBytes } from './size.js';
import { writeSparse } from './sparse-writer.js';

/** One image that is to enter the cache. */
export interface IntakeOptions {
  readonly cache: ImageCache;
  readonly disks: DiskTools;
  readonly key: string;
  /** The URL or path that the cache remembers, without secrets; another one than where it comes from, for a mirror. */
  readonly recordedUrl: string;
  /** What messages call it: the URL or the path, without secrets. */
  readonly subject: string;
  readonly sha256: string | undefined;
  /** Opens the stream; its signal aborts at the latest when the intake is over. */
  readonly open: (signal: AbortSignal) => Promise<ImageStream>;
  readonly signal: AbortSignal;
  readonly report: (progress: TransferProgress) => void;
}

/**
 * Brings one image into the cache: streamed to a temporary file, unpacked on the way, checked, and only then moved to
 * its place. The caller holds the lock of the key. On failure or abort nothing stays.
 *
 * @throws VMCTL_IMAGE_CHECKSUM
 * @throws VMCTL_IMAGE_INVALID and VMCTL_IMAGE_BACKING_FILE, when what came is not usable as an image
 * @throws VMCTL_DISK_FULL
 * @throws what the source throws
 */
export async function takeIn(options: IntakeOptions): Promise<CachedImage> {
  const transfer = new AbortController();
  const signal = AbortSignal.any([options.signal, transfer.signal]);
  let temporary: string | undefined;
  try {
    const stream = await options.open(signal);
    const name = sanitiseFileName(withoutCompressionSuffix(stream.fileName));
    temporary = await options.cache.temporaryPath(options.key, name);
    await checkSpace(options, stream.size);
    const meter = new Meter(stream.size, options.report);
    const size = await receive(temporary, meter.read(abortable(stream.body, signal)), signal, options);
    const { sha256, bytes } = meter.finish();
    options.report({ done: 0, total: bytes, isVerifying: true });

    const expected = [options.sha256, stream.sha256].find(
      (digest) => digest !== undefined && digest !== sha256,
    );
    if (expected !== undefined) throw await checksumError(options, temporary, expected, sha256, bytes);
    const disk = await options.disks.inspect(temporary, { subject: options.subject });
    options.signal.throwIfAborted();
    const image = await options.cache.add(temporary, {
      name,
      key: options.key,
      url: options.recordedUrl,
      sha256,
      download_size: bytes,
      size,
      format: disk.format,
      virtual_size: disk.virtualSize,
      fetched_at: new Date().toISOString(),
    });
    options.report({ done: bytes, total: bytes, isVerifying: true });
    return image;
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => undefined);
    options.signal.throwIfAborted();
    if (error instanceof ImageProblem) throw unusable(error, options.subject);
    throw error;
  } finally {
    // Ends a transfer of which not everything was read.
    transfer.abort();
  }
}

/** Writes the stream to a new file, unpacked; returns the file's size in bytes. */
async function receive(
  path: string,
  source: AsyncGenerator<Uint8Array, void, undefined>,
  signal: AbortSignal,
  options: IntakeOptions,
): Promise<number> {
  let file;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    throw fsError(error, { verb: 'write the image', path });
  }
  try {
    const { head, all } = await peek(source, COMPRESSION_MAGIC_BYTES);
    const compression = compressionOf(head);
    const content = compression === undefined ? all : decompress(compression, all, signal);
    return await writeSparse(file, content);
  } catch (error) {
    throw ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO'].includes(errnoOf(error) ?? '')
      ? writeError(error, options)
      : error;
  } finally {
    await file.close();
  }
}

/** Counts, hashes and reports what comes through. */
class Meter {
  readonly #hash = createHash('sha256');
  readonly #total: number | undefined;
  readonly #progress: ProgressThrottle;
  #bytes = 0;

  constructor(total: number | undefined, report: (progress: TransferProgress) => void) {
    this.#total = total;
    this.#progress = new ProgressThrottle(report);
  }

  async *read(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source) {
      if (chunk.length === 0) continue;
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
      this.#progress.update({ done: this.#bytes, total: this.#total });
      yield chunk;
    }
  }

  finish(): { readonly sha256: string; readonly bytes: number } {
    this.#progress.finish();
    return { sha256: this.#hash.digest('hex'), bytes: this.#bytes };
  }
}

/** Saves the user a long download that cannot fit. Unpacked it will need more still. */
async function checkSpace(options: IntakeOptions, size: number | undefined): Promise<void> {
  if (size === undefined) return;
  const { bavail, bsize } = await statfs(options.cache.directory);
  const free = bavail * bsize;
  if (free >= size) return;
  throw diskFull(
    options,
    `${options.subject} has ${formatBytes(size)}, and ${options.cache.directory} has ${formatBytes(free)} free.`,
    undefined,
  );
}

function writeError(error: unknown, options: IntakeOptions): Error {
  if (errnoOf(error) !== 'ENOSPC' && errnoOf(error) !== 'EDQUOT') {
    return fsError(error, { verb: 'write to the image cache', path: options.cache.directory });
  }
  const why = errnoOf(error) === 'EDQUOT' ? 'your disk quota is used up' : 'the disk is full';
  return diskFull(
    options,
    `${options.subject} does not fit into ${options.cache.directory}: ${why}. Nothing of it was kept.`,
    error,
  );
}

function diskFull(options: IntakeOptions, message: string, cause: unknown): VmctlError {
  return new VmctlError('VMCTL_DISK_FULL', {
    message,
    hint: `Free some space (df -h ${options.cache.directory}), or put the data directory elsewhere: VMCTL_DATA_DIR (vmctl help config).`,
    cause,
    details: { path: options.cache.directory, url: options.subject },
  });
}

async function checksumError(
  options: IntakeOptions,
  path: string,
  expected: string,
  actual: string,
  bytes: number,
): Promise<VmctlError> {
  const looks = await whatCame(path);
  return new VmctlError('VMCTL_IMAGE_CHECKSUM', {
    message:
      `${options.subject} does not have the checksum it should have; it was not kept.\n` +
      `  wanted sha256 ${expected}\n  got    sha256 ${actual} (${formatBytes(bytes)}${looks})`,
    hint: 'If the image was updated at its source, put its new checksum into the VMFile; else somebody changed it on the way.',
    details: { url: options.subject, expected, actual },
  });
}

/** An error page explains a wrong checksum better than the digits do. */
async function whatCame(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    const text = describeText(buffer.subarray(0, bytesRead));
    return text === undefined ? '' : `, ${text}`;
  } finally {
    await file.close();
  }
}

function unusable(problem: ImageProblem, subject: string): VmctlError {
  return new VmctlError(problem.code, {
    message: `${subject} ${problem.message}.`,
    hint: problem.hint,
    cause: problem.cause,
    details: { url: subject },
  });
}
