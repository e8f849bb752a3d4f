/** Keeps the last bytes of a stream, so that a command that never stops talking costs bounded memory. */
export class OutputTail {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #cut = false;

  /** @param limit - bytes to keep */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    // Twice the limit, so that joining the chunks happens once per limit and not once per chunk.
    if (this.#size > 2 * this.#limit || this.#chunks.length > 4096) this.#compact();
  }

  /** Whether something was cut from the front. */
  get truncated(): boolean {
    return this.#cut || this.#size > this.#limit;
  }

  /** The bytes as UTF-8; a character that the cut went through is left out. */
  text(): string {
    this.#compact();
    const bytes = Buffer.concat(this.#chunks);
    return bytes.toString('utf8', this.#cut ? endOfCharacter(bytes) : 0);
  }

  #compact(): void {
    const bytes = Buffer.concat(this.#chunks);
    const kept = bytes.length > this.#limit ? Buffer.from(bytes.subarray(bytes.length - this.#limit)) : bytes;
    if (kept.length < bytes.length) this.#cut = true;
    this.#chunks = [kept];
    this.#size = kept.length;
  }
}

/** Where the first whole character starts: continuation bytes are 10xxxxxx, at most three in a row. */
function endOfCharacter(bytes: Uint8Array): number {
  let index = 0;
  while (index < 3 && ((bytes[index] ?? 0) & 0xc0) === 0x80) index++;
  return index;
}
