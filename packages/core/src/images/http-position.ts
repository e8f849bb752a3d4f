import { crc32 } from 'node:zlib';
import type { IncomingMessage } from 'node:http';

/** What the reader has got of a file so far, and what is known of that file. */
export class HttpPosition {
  #received = 0;
  #checksum = 0;
  #total: number | undefined;
  /** For `If-Range`: a strong entity tag, else the time of the last change. */
  #validator: string | undefined;

  /** Bytes that the reader has got. */
  get received(): number {
    return this.#received;
  }

  /** Bytes of the whole file, where the server says so. */
  get total(): number | undefined {
    return this.#total;
  }

  /** Takes down what the first answer says. */
  begin({ headers }: IncomingMessage): void {
    this.#total = lengthOf(headers['content-length']);
    const tag = headers.etag;
    if (headers['accept-ranges']?.toLowerCase() === 'none') return;
    this.#validator = tag === undefined || tag.startsWith('W/') ? headers['last-modified'] : tag;
  }

  /** Counts bytes that go to the reader. */
  advance(chunk: Uint8Array): void {
    this.#received += chunk.length;
    this.#checksum = crc32(chunk, this.#checksum);
  }

  /**
   * Headers that ask for the rest, if the file is still the same one. Without anything to tell that by, the whole file
   * is asked for again.
   */
  requestHeaders(): Readonly<Record<string, string>> {
    if (this.#received === 0 || this.#validator === undefined) return {};
    return { range: `bytes=${this.#received}-`, 'if-range': this.#validator };
  }

  /**
   * How an answer continues the file: with the bytes that are missing, or, after so many bytes that the reader has got
   * already. Undefined: it is another file, or another part of it.
   */
  continuation(response: IncomingMessage): { readonly skip: number } | undefined {
    const { statusCode, headers } = response;
    if (statusCode === 206) {
      const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
      const continues = range !== null && Number(range[1]) === this.#received && this.#sameTotal(range[2]);
      return continues ? { skip: 0 } : undefined;
    }
    return this.#sameTotal(headers['content-length']) ? { skip: this.#received } : undefined;
  }

  /** Whether these are the bytes, by their CRC-32, that the reader has got already. */
  isPrefix(length: number, checksum: number): boolean {
    return length === this.#received && checksum === this.#checksum;
  }

  #sameTotal(said: string | undefined): boolean {
    const total = lengthOf(said);
    return total === undefined || this.#total === undefined || total === this.#total;
  }
}

function lengthOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
}
