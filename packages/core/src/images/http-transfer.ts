import { crc32 } from 'node:zlib';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import type { Logger } from '../host/logger.js';
import { downloadFailed, isTransient, StatusError } from './http-failure.js';
import { type HttpAnswer, httpGet, StallError } from './http-get.js';
import { HttpPosition } from './http-position.js';
import { shownUrl } from './image-url.js';

/** How patient a {@link HttpTransfer} is; durations in milliseconds. */
export interface HttpTransferOptions {
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stallMs: number;
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly ca: string | undefined;
  /** How one request is made; default {@link httpGet}. */
  readonly get?: typeof httpGet | undefined;
}

const LONGEST_DELAY_MS = 30_000;
/** New bytes that make a line worth another full set of retries. */
const PROGRESS_BYTES = 1024 * 1024;

/**
 * One download, over as many requests as it takes.
 *
 * After a break it asks for the rest (`Range`, `If-Range`). A server that sends the whole file again is read from the
 * start, and what the reader has got already is compared, then left out; so both halves always belong together.
 */
export class HttpTransfer {
  readonly #url: URL;
  readonly #signal: AbortSignal;
  readonly #options: HttpTransferOptions;
  readonly #position = new HttpPosition();
  #requests = 0;
  /** Failures in a row without {@link PROGRESS_BYTES} between them. */
  #failures = 0;
  #receivedAtFailure = 0;

  constructor(url: URL, signal: AbortSignal, options: HttpTransferOptions) {
    this.#url = url;
    this.#signal = signal;
    this.#options = options;
  }

  /** Bytes of the file, where the server says so. */
  get total(): number | undefined {
    return this.#position.total;
  }

  /**
   * The first answer, all checked but its body.
   *
   * @param options.retries - until there is one; default: as many as later
   */
  async start({ retries }: { readonly retries?: number } = {}): Promise<HttpAnswer> {
    for (;;) {
      try {
        const answer = await this.#request();
        this.#position.begin(answer.response);
        return answer;
      } catch (error) {
        await this.#pauseOrGiveUp(error, retries);
      }
    }
  }

  /** The whole body, with breaks mended. */
  async *read(first: HttpAnswer): AsyncGenerator<Uint8Array, void, undefined> {
    let answer: HttpAnswer | undefined = first;
    for (;;) {
      try {
        answer ??= await this.#request();
        yield* this.#rest(answer.response);
        return;
      } catch (error) {
        await this.#pauseOrGiveUp(error);
        answer = undefined;
      }
    }
  }

  async #request(): Promise<HttpAnswer> {
    this.#requests += 1;
    const { stallMs, env, ca, get = httpGet } = this.#options;
    const answer = await get(this.#url, {
      headers: {
        accept: '*/*',
        // The checksum is of the file as it is stored.
        'accept-encoding': 'identity',
        'user-agent': 'vmctl',
        ...this.#position.requestHeaders(),
      },
      signal: this.#signal,
      stallMs,
      env,
      ca,
    });
    const { statusCode = 0, headers } = answer.response;
    if (statusCode === 200 || (statusCode === 206 && this.#position.received > 0)) return answer;
    answer.response.destroy();
    if (statusCode === 416) throw this.#changed();
    throw new StatusError(statusCode, headers['retry-after']);
  }

  /** What the reader has not got yet. */
  async *#rest(response: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
    const continuation = this.#position.continuation(response);
    if (continuation === undefined) {
      response.destroy();
      throw this.#changed();
    }
    const { skip } = continuation;
    let skipped = 0;
    let checksum = 0;
    const check = (): void => {
      if (!this.#position.isPrefix(skipped, checksum)) throw this.#changed();
    };
    for await (const chunk of withDeadline(response, this.#options.stallMs)) {
      const known = chunk.subarray(0, skip - skipped);
      if (known.length > 0) {
        skipped += known.length;
        checksum = crc32(known, checksum);
        if (skipped === skip) check();
      }
      const fresh = chunk.subarray(known.length);
      if (fresh.length === 0) continue;
      this.#position.advance(fresh);
      yield fresh;
    }
    if (skipped < skip) throw this.#changed();
    const { received, total } = this.#position;
    if (total !== undefined && received !== total) {
      throw Object.assign(new Error('the connection broke off'), { code: 'ECONNRESET' });
    }
  }

  async #pauseOrGiveUp(error: unknown, retries = this.#options.retries): Promise<void> {
    this.#signal.throwIfAborted();
    const { received, total } = this.#position;
    if (received - this.#receivedAtFailure >= PROGRESS_BYTES) this.#failures = 0;
    this.#receivedAtFailure = received;
    this.#failures += 1;
    if (this.#failures > retries || !isTransient(error, received > 0)) {
      throw downloadFailed(this.#url, error, { received, total, requests: this.#requests });
    }
    const asked = error instanceof StatusError ? (error.retryAfterMs ?? 0) : 0;
    const delay = Math.min(
      LONGEST_DELAY_MS,
      Math.max(asked, this.#options.retryDelayMs * 2 ** (this.#failures - 1)),
    );
    this.#options.log.debug(
      `${shownUrl(this.#url)}: ${messageOf(error)} at byte ${received}; trying again in ${delay} ms`,
    );
    await sleep(delay, undefined, { signal: this.#signal }).catch(() => undefined);
    this.#signal.throwIfAborted();
  }

  #changed(): VmctlError {
    const url = shownUrl(this.#url);
    return new VmctlError('VMCTL_IMAGE_DOWNLOAD_FAILED', {
      message: `Cannot download ${url}: the connection broke off, and what the server sends now is another file.`,
      hint: 'Run the command again; it then starts from the beginning.',
      details: { url },
    });
  }
}

/** The body's chunks; a {@link StallError} when the next one takes too long. Time in which nobody reads does not count. */
async function* withDeadline(
  response: IncomingMessage,
  stallMs: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      let late: NodeJS.Immediate | undefined;
      const timer = setTimeout(() => {
        // After a pause of our own (Ctrl-Z) the timer comes first, and what has arrived meanwhile right after it.
        late = setImmediate(() => response.destroy(new StallError(stallMs)));
      }, stallMs);
      const next = await iterator.next().finally(() => {
        clearTimeout(timer);
        clearImmediate(late);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    response.destroy();
  }
}
