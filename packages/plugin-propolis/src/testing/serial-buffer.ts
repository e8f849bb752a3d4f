import type { SerialOffset } from '../api/types.js';

/** Bytes of the beginning, and of the end, that are kept. */
const KEPT = 1024 * 1024;

/** Asked for what is no longer there. */
export class SerialRangeExpired extends Error {
  constructor(offset: number) {
    super(`Requested byte offset ${offset} is no longer cached`);
  }
}

/** What a guest has written since its boot: the first MiB and the last one. */
export class SerialBuffer {
  #first = Buffer.alloc(0);
  #last = Buffer.alloc(0);
  #total = 0;

  /** All bytes that were ever written. */
  get total(): number {
    return this.#total;
  }

  add(bytes: Uint8Array): void {
    const last = Buffer.concat([this.#last, bytes]);
    const over = Math.max(0, last.length - KEPT);
    const room = KEPT - this.#first.length;
    this.#first = Buffer.concat([this.#first, last.subarray(0, Math.min(over, room))]);
    this.#last = last.subarray(over);
    this.#total += bytes.length;
  }

  /** What is kept from there on, at most so many bytes. A place that is not reached yet is the end. */
  read(offset: SerialOffset, maxBytes: number): { readonly data: Buffer; readonly end: number } {
    const start =
      'fromStart' in offset
        ? Math.min(offset.fromStart, this.#total)
        : Math.max(0, this.#total - offset.mostRecent);
    const data = this.#from(start).subarray(0, maxBytes);
    return { data, end: start + data.length };
  }

  #from(start: number): Buffer {
    const lastBegins = this.#total - this.#last.length;
    if (start >= lastBegins) return this.#last.subarray(start - lastBegins);
    if (this.#first.length === lastBegins) return Buffer.concat([this.#first.subarray(start), this.#last]);
    if (start < this.#first.length) return this.#first.subarray(start);
    throw new SerialRangeExpired(start);
  }
}
