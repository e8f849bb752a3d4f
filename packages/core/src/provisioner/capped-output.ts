import { TextTail } from './text-tail.js';

/** How much of one step's output is kept. */
export interface OutputCap {
  /** Bytes from its beginning. */
  readonly head: number;
  /** Bytes from its end. */
  readonly tail: number;
}

export const STEP_OUTPUT_CAP: OutputCap = { head: 16 * 1024 * 1024, tail: 1024 * 1024 };

/** Passes on the beginning of a long text, keeps its end until it is over, and says what is missing in between. */
export class CappedOutput {
  readonly #cap: OutputCap;
  readonly #write: (text: string) => Promise<void> | undefined;
  #tail: TextTail | undefined;
  #headSize = 0;
  #tailSize = 0;

  constructor(write: (text: string) => Promise<void> | undefined, cap: OutputCap = STEP_OUTPUT_CAP) {
    this.#write = write;
    this.#cap = cap;
  }

  /** Takes whole lines. */
  push(lines: string): Promise<void> | undefined {
    const size = Buffer.byteLength(lines);
    if (this.#tailSize === 0 && this.#headSize + size <= this.#cap.head) {
      this.#headSize += size;
      return this.#write(lines);
    }
    const note =
      this.#tailSize === 0
        ? this.#write(`[vmctl: long output; of what follows, the end comes when the step has ended]\n`)
        : undefined;
    this.#tailSize += size;
    this.#tail ??= new TextTail(this.#cap.tail);
    this.#tail.push(lines);
    return note;
  }

  /** Passes on the end. */
  end(): Promise<void> | undefined {
    if (this.#tail === undefined) return undefined;
    const kept = this.#tail.text();
    const missing = this.#tailSize - Buffer.byteLength(kept);
    this.#tail = undefined;
    return this.#write(
      (missing > 0 ? `[vmctl: ${missing} bytes of output were left out here]\n` : '') + kept,
    );
  }
}
