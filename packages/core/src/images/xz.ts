import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../errors/vmctl-error.js';
import { errnoOf } from '../host/fs-error.js';
import { OutputTail } from '../host/output-tail.js';
import { installHint } from '../host/package-hints.js';
import { untilAborted } from './abortable.js';
import { damagedData, ImageProblem } from './image-problem.js';

/** Bytes of the program's messages that are kept. */
const STDERR_BYTES = 4096;

type XzProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Decompresses xz data.
 *
 * The `xz` program does it where there is one: it is twice as fast, knows every filter and integrity check, and its
 * dictionary (64 MiB for `xz -9`) is not in our memory. Everywhere else a WebAssembly build of XZ Embedded does,
 * which knows what cloud images are packed with: LZMA2 with CRC32 or CRC64.
 *
 * @param program - the `xz` to run
 * @throws ImageProblem when the data is damaged or cut off
 */
export async function* decompressXz(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  program = 'xz',
): AsyncGenerator<Uint8Array, void, undefined> {
  const child = await start(program);
  yield* child === undefined ? withLibrary(source, signal) : withProgram(child, source);
}

/** The running program, or undefined when there is none. */
async function start(program: string): Promise<XzProcess | undefined> {
  // XZ_OPT and XZ_DEFAULTS could ask for anything, a memory limit for example.
  const { XZ_OPT: _options, XZ_DEFAULTS: _defaults, ...env } = process.env;
  const child = spawn(program, ['--decompress', '--stdout', '--quiet', '--format=xz'], {
    env: { ...env, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  try {
    await once(child, 'spawn');
  } catch {
    return undefined;
  }
  return child;
}

async function* withProgram(
  child: XzProcess,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const exited = once(child, 'close');
  const stderr = new OutputTail(STDERR_BYTES);
  child.stderr.on('data', (chunk: Uint8Array) => stderr.push(chunk));
  let sourceError: { readonly error: unknown } | undefined;
  const fed = pipeline(source, child.stdin).catch((error: unknown) => {
    // A program that gives up closes its end; its exit status says why.
    if (errnoOf(error) === 'EPIPE' || errnoOf(error) === 'ERR_STREAM_PREMATURE_CLOSE') return;
    sourceError = { error };
    child.kill('SIGKILL');
  });
  try {
    yield* child.stdout;
    const [exitCode] = await exited;
    await fed;
    if (sourceError !== undefined) throw sourceError.error;
    if (exitCode !== 0) throw damagedXz(stderr.text());
  } finally {
    child.kill('SIGKILL');
    await exited;
    await fed;
  }
}

/** The library's instances share their memory, so it takes one stream at a time. */
let libraryFree: Promise<unknown> = Promise.resolve();

async function* withLibrary(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { promise: done, resolve: release } = Promise.withResolvers<void>();
  const before = libraryFree;
  libraryFree = before.then(() => done);
  const iterator = source[Symbol.asyncIterator]();
  let sourceError: { readonly error: unknown } | undefined;
  try {
    await untilAborted(before, signal);
    const { XzReadableStream } = (await import('xz-decompress')).default;
    const packed = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          try {
            const next = await iterator.next();
            if (next.done === true) controller.close();
            else controller.enqueue(next.value);
          } catch (error) {
            sourceError = { error };
            throw error;
          }
        },
      },
      // It reads when it needs something, and never more.
      { highWaterMark: 0 },
    );
    yield* new XzReadableStream(packed);
  } catch (error) {
    signal.throwIfAborted();
    if (sourceError !== undefined) throw sourceError.error;
    throw damagedXz(messageOf(error));
  } finally {
    release();
    await iterator.return?.();
  }
}

/** XZ Embedded's own numbers: see xz.h there. */
const LIBRARY_OPTIONS_ERROR = /error code 6$/;
const CUT_OFF = /error code 8$|Unexpected end of input/;

function damagedXz(said: string): ImageProblem {
  const cause = new Error(said.trim());
  if (LIBRARY_OPTIONS_ERROR.test(cause.message)) {
    return new ImageProblem('is packed in a way that needs the program "xz"', {
      hint: installHint('xz'),
      cause,
    });
  }
  return damagedData('xz', cause, CUT_OFF.test(cause.message));
}
