const encoder = new TextEncoder();
const scratch = new Uint8Array(16 * 1024);

/** Keeps the end of a long text in a ring of bytes: however long the text is, nothing is allocated for it. */
export class TextTail {
  readonly #ring: Uint8Array;
  #written = 0;

  /** @param limit - bytes to keep */
  constructor(limit: number) {
    this.#ring = new Uint8Array(limit);
  }

  push(text: string): void {
    for (let start = 0; start < text.length;) {
      const { read, written } = encoder.encodeInto(start === 0 ? text : text.slice(start), scratch);
      this.#add(scratch.subarray(0, written));
      start += read;
    }
  }

  /** Whether the beginning is gone. */
  get truncated(): boolean {
    return this.#written > this.#ring.length;
  }

  /** What is kept, from the first line that begins in it when the beginning is gone. */
  text(): string {
    const end = this.#written % this.#ring.length;
    if (!this.truncated) return Buffer.from(this.#ring.buffer, 0, this.#written).toString('utf8');
    const bytes = Buffer.concat([this.#ring.subarray(end), this.#ring.subarray(0, end)]);
    const line = bytes.indexOf('\n') + 1;
    return bytes.toString('utf8', line > 0 ? line : endOfCharacter(bytes));
  }

  #add(bytes: Uint8Array): void {
    const kept = bytes.length > this.#ring.length ? bytes.subarray(bytes.length - this.#ring.length) : bytes;
    this.#written += bytes.length - kept.length;
    const position = this.#written % this.#ring.length;
    const before = kept.subarray(0, this.#ring.length - position);
    this.#ring.set(before, position);
    this.#ring.set(kept.subarray(before.length), 0);
    this.#written += kept.length;
  }
}

/** Where the first whole character starts: continuation bytes are 10xxxxxx, at most three in a row. */
function endOfCharacter(bytes: Uint8Array): number {
  let index = 0;
  while (index < 3 && ((bytes[index] ?? 0) & 0xc0) === 0x80) index++;
  return index;
}
