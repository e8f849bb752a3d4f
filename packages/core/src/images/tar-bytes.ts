import { ImageProblem } from './image-problem.js';

/** Takes a stream apart by numbers of bytes. */
export class TarBytes {
  readonly #iterator: AsyncIterator<Uint8Array>;
  /** What was read from the stream and not taken yet. */
  #rest: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /**
   * So many bytes; undefined when the stream is at its end.
   *
   * @throws ImageProblem when it ends within them
   */
  async exactly(bytes: number): Promise<Buffer | undefined> {
    const chunks: Uint8Array[] = [];
    for (let left = bytes; left > 0;) {
      if (!(await this.#fill())) {
        if (chunks.length === 0) return undefined;
        throw cutOff();
      }
      const chunk = this.#take(left);
      chunks.push(chunk);
      left -= chunk.length;
    }
    return Buffer.concat(chunks);
  }

  /** At least one byte, and at most so many. */
  async some(most: number): Promise<Uint8Array> {
    if (!(await this.#fill())) throw cutOff();
    return this.#take(most);
  }

  /** Passes over so many bytes. */
  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0;) left -= (await this.some(left)).length;
  }

  /** Reads to the end. */
  async drain(): Promise<void> {
    while (await this.#fill()) this.#rest = new Uint8Array();
  }

  /** Ends the stream, wherever it is. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  /** False at the end. */
  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#iterator.next();
      if (next.done === true) return false;
      this.#rest = next.value;
    }
    return true;
  }

  #take(most: number): Uint8Array {
    const chunk = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(chunk.length);
    return chunk;
  }
}

function cutOff(): ImageProblem {
  return new ImageProblem('has a layer that is cut off: its tar archive ends too early', {
    hint: 'Push it again; it is not whole in the registry.',
  });
}
