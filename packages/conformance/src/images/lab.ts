import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageSource, ImageStream, VmctlEventBody } from '@vmctl/core/plugin';
import { createRealHost } from '@vmctl/core/testing';
import { within } from '../bounded.js';
import type { CheckLab } from '../check.js';
import { imageSourceOf } from '../contribution.js';
import type { ImageSourceSubject, ServedImage } from './subject.js';

const DEFAULT_CALL_MS = 30_000;
/** Enough for many chunks, and more than the buffers of a socket hold. */
const CONTENT_BYTES = 24 * 1024 * 1024 + 17;

/** Where the content does not matter. */
export const SMALL_BYTES = 256 * 1024;

/** What came of a stream. */
export interface Received {
  readonly bytes: number;
  readonly sha256: string;
}

/** A source, and the images that are served through it in one check. */
export class ImageSourceLab implements CheckLab {
  readonly subject: ImageSourceSubject;
  readonly source: ImageSource;
  readonly seen: VmctlEventBody[] = [];
  readonly #directory: string;
  readonly #served: ServedImage[] = [];

  private constructor(subject: ImageSourceSubject, directory: string, source: ImageSource) {
    this.subject = subject;
    this.#directory = directory;
    this.source = source;
  }

  static async open(subject: ImageSourceSubject): Promise<ImageSourceLab> {
    const directory = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-conformance-'));
    try {
      return new ImageSourceLab(subject, directory, await createImageSource(subject, directory));
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Bytes that no two checks share. */
  content(bytes = CONTENT_BYTES): Uint8Array {
    return randomBytes(bytes);
  }

  /** Serves bytes until the check is over. */
  async serve(content: Uint8Array): Promise<ServedImage> {
    const directory = join(this.#directory, `served-${this.#served.length + 1}`);
    await mkdir(directory, { mode: 0o700 });
    const served = await this.subject.serve(content, directory);
    this.#served.push(served);
    return served;
  }

  /** Opens a stream; one that does not open in time fails. */
  open(url: URL, signal: AbortSignal = new AbortController().signal): Promise<ImageStream> {
    const events = { emit: (event: VmctlEventBody): void => void this.seen.push(event) };
    // Async, so that a source that throws at once rejects as well.
    return this.call('open', (async () => this.source.open(url, { signal, events }))());
  }

  /** Reads a stream to its end. */
  read({ body }: ImageStream): Promise<Received> {
    const receive = async (): Promise<Received> => {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const chunk of body) {
        assert.ok(chunk instanceof Uint8Array || ArrayBuffer.isView(chunk), 'a chunk is a Uint8Array');
        hash.update(chunk);
        bytes += chunk.length;
      }
      return { bytes, sha256: hash.digest('hex') };
    };
    return this.call('the transfer', receive());
  }

  /** The result of a call; one that hangs fails. */
  call<T>(name: string, promise: Promise<T>): Promise<T> {
    return within(`${name} of ${this.source.scheme}:`, this.subject.callMs ?? DEFAULT_CALL_MS, promise);
  }

  async close(): Promise<void> {
    try {
      await Promise.all(this.#served.map((served) => this.call('closing the server', served.close())));
    } finally {
      await rm(this.#directory, { recursive: true, force: true });
    }
  }
}

/** What these bytes are when they come through whole. */
export function expected(content: Uint8Array): Received {
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** A source, as vmctl makes it. */
export async function createImageSource(
  subject: ImageSourceSubject,
  directory: string,
): Promise<ImageSource> {
  const host = createRealHost({ directory });
  return 'create' in subject ? subject.create(host) : imageSourceOf(subject.plugin, subject.scheme, host);
}
