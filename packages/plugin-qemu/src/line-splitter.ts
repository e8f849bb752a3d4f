/** Cuts a byte stream into lines, with a bound on what an unfinished line may hold. */
export class LineSplitter {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #held = 0;

  /** @param limit - bytes of the longest line, without its end */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Takes the next bytes and returns the lines that they finish, without `\n` or `\r\n`. Bytes are decoded once a
   * line is whole, so a character may be cut anywhere.
   *
   * @throws RangeError when a line is longer than the limit; the splitter is then of no further use
   */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let rest = chunk;
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      this.#hold(rest.subarray(0, end));
      lines.push(this.#take());
      rest = rest.subarray(end + 1);
    }
    // Copied, for the stream may use its buffer again; `slice` of a Buffer is no copy.
    if (rest.length > 0) this.#hold(Uint8Array.from(rest));
    return lines;
  }

  #hold(part: Uint8Array): void {
    this.#held += part.length;
    if (this.#held > this.#limit) throw new RangeError(`a line is longer than ${this.#limit} bytes`);
    this.#parts.push(part);
  }

  #take(): string {
    const text = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#held = 0;
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }
}
