import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { Compression } from '../../../src/images/compression.js';
import { decompress } from '../../../src/images/decompress.js';
import { decompressXz } from '../../../src/images/xz.js';

const never = new AbortController().signal;
const MiB = 1024 * 1024;

const pack = (program: string, data: Uint8Array, ...args: readonly string[]): Buffer =>
  execFileSync(program, ['-c', ...args], {
    input: data,
    maxBuffer: 64 * MiB,
    stdio: ['pipe', 'pipe', 'pipe'],
  });

/** Data that compresses to about a third. */
const data = Buffer.concat(
  Array.from({ length: 96 }, (_, index) => Buffer.concat([randomBytes(8192), Buffer.alloc(16_384, index)])),
);

/** Chunks of an odd size, so that nothing falls on a boundary. */
async function* chunks(bytes: Uint8Array, size = 7001): AsyncGenerator<Uint8Array, void, undefined> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

const collect = async (source: AsyncIterable<Uint8Array>): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of source) hash.update(chunk);
  return hash.digest('hex');
};
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

type Unpack = (source: AsyncIterable<Uint8Array>, signal?: AbortSignal) => AsyncIterable<Uint8Array>;
const by =
  (kind: Compression): Unpack =>
  (source, signal = never) =>
    decompress(kind, source, signal);
const byLibrary: Unpack = (source, signal = never) => decompressXz(source, signal, 'no-such-program');

const ways: readonly (readonly [string, Unpack, (bytes: Uint8Array) => Buffer])[] = [
  ['gzip', by('gzip'), (bytes) => gzipSync(bytes)],
  [
    'zstd',
    by('zstd'),
    (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  ],
  ['xz with the program', by('xz'), (bytes) => pack('xz', bytes, '-1')],
  ['xz with the library', byLibrary, (bytes) => pack('xz', bytes, '-1')],
];

describe.each(ways)('unpacking %s', (_name, unpack, packed) => {
  it('gives back what was packed', async () => {
    expect(await collect(unpack(chunks(packed(data))))).toBe(digest(data));
  });

  it('goes on with a second stream that follows the first', async () => {
    const twice = Buffer.concat([packed(data), packed(data)]);
    expect(await collect(unpack(chunks(twice)))).toBe(digest(Buffer.concat([data, data])));
  });

  it('reads all of its source, in chunks of any size', async () => {
    let bytes = 0;
    const small = packed(Buffer.from('hello'));
    const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of chunks(small, 1)) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    expect(await collect(unpack(counted()))).toBe(digest(Buffer.from('hello')));
    expect(bytes).toBe(small.length);
  });

  it.each([0.01, 0.5, 0.999])('fails when the data ends after a part of %d', async (part) => {
    const whole = packed(data);
    await expect(
      collect(unpack(chunks(whole.subarray(0, Math.floor(whole.length * part))))),
    ).rejects.toMatchObject({
      name: 'ImageProblem',
      message: expect.stringMatching(/^is cut off: its \w+ data/),
    });
  });

  it('fails when the data is damaged', async () => {
    const bytes = packed(data);
    const middle = Math.floor(bytes.length / 2);
    bytes.fill(0x77, middle, middle + 40);
    await expect(collect(unpack(chunks(bytes)))).rejects.toMatchObject({
      name: 'ImageProblem',
      message: expect.stringMatching(/^is damaged: its \w+ data cannot be read/),
    });
  });

  it('fails with the error of its source', async () => {
    const lost = new Error('the line is down');
    const broken = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield packed(data).subarray(0, 1000);
      await sleep(5);
      throw lost;
    };
    await expect(collect(unpack(broken()))).rejects.toBe(lost);
  });

  it('ends its source when nobody wants the rest', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const source = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        for (;;) yield* chunks(packed(data));
      } finally {
        end();
      }
    };
    for await (const chunk of unpack(source())) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await ended;
  });
});

describe('unpacking xz', () => {
  it.each([
    ['SHA-256 as its check', ['--check=sha256']],
    ['a filter for x86 code', ['--x86', '--lzma2=preset=1']],
  ])('with %s needs the program, and says so without it', async (_what, args) => {
    const packed = pack('xz', data, ...args);
    expect(await collect(by('xz')(chunks(packed)))).toBe(digest(data));
    await expect(collect(byLibrary(chunks(packed)))).rejects.toMatchObject({
      message: 'is packed in a way that needs the program "xz"',
      hint: expect.stringContaining('xz-utils'),
    });
  });

  it.each([
    ['many blocks', ['--block-size=65536']],
    ['no check', ['--check=none']],
    ['a large dictionary', ['-9']],
  ])('with %s works either way', async (_what, args) => {
    const packed = pack('xz', data, ...args);
    expect(await collect(by('xz')(chunks(packed)))).toBe(digest(data));
    expect(await collect(byLibrary(chunks(packed)))).toBe(digest(data));
  });

  it('with the library does two at a time, one after the other, and a waiting one can be aborted', async () => {
    const packed = pack('xz', data, '-1');
    const reason = new Error('enough');
    const abort = new AbortController();
    const { promise: go, resolve: proceed } = Promise.withResolvers<void>();
    const slow = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      await go;
      yield* chunks(packed);
    };
    const first = collect(byLibrary(slow()));
    const waiting = collect(byLibrary(chunks(packed), abort.signal));
    const last = collect(byLibrary(chunks(packed)));
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    proceed();
    expect(await Promise.all([first, last])).toEqual([digest(data), digest(data)]);
  });

  it('does not obey XZ_OPT', async () => {
    process.env['XZ_OPT'] = '--memlimit-decompress=1KiB';
    try {
      expect(await collect(by('xz')(chunks(pack('xz', data.subarray(0, 100)))))).toBe(
        digest(data.subarray(0, 100)),
      );
    } finally {
      delete process.env['XZ_OPT'];
    }
  });
});
