/** A stretch of the text; offsets count UTF-16 units, `end` is the first one after it. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** A place as people count: from 1, columns in characters (code points). */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** The text of a file, by lines. Lines end with LF, CRLF or CR, as editors count them. */
export class SourceText {
  readonly text: string;
  #lineStarts: readonly number[] | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** The position of an offset; one beyond the text is its end, and one between CR and LF the end of the line. */
  position(offset: number): TextPosition {
    const clamped = this.#clamp(offset);
    const at = clamped > 0 && this.text.startsWith('\r\n', clamped - 1) ? clamped - 1 : clamped;
    const index = this.#lineIndex(at);
    const start = this.#starts[index] ?? 0;
    return { line: index + 1, column: this.#characters(start, at) + 1 };
  }

  /** The offset of a place as engines count it: lines from 1, columns from 1 in UTF-16 units. */
  offset({ line, column }: TextPosition): number {
    return this.#clamp((this.#starts[line - 1] ?? this.text.length) + column - 1);
  }

  /** The line that holds an offset, without its end, and where it starts. */
  lineAt(offset: number): { readonly text: string; readonly start: number } {
    const index = this.#lineIndex(this.#clamp(offset));
    const start = this.#starts[index] ?? 0;
    const next = this.#starts[index + 1] ?? this.text.length;
    return { text: this.text.slice(start, next).replace(/[\r\n]+$/, ''), start };
  }

  /** The end of the last line that has more than blanks; where problems "at the end of the file" are shown. */
  get lastCharacter(): number {
    return this.text.trimEnd().length;
  }

  get #starts(): readonly number[] {
    if (this.#lineStarts === undefined) {
      const starts = [0];
      for (const { index, 0: end } of this.text.matchAll(/\r\n|\n|\r/g)) starts.push(index + end.length);
      this.#lineStarts = starts;
    }
    return this.#lineStarts;
  }

  /** Binary search for the last line that starts at or before the offset. */
  #lineIndex(offset: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Counted without making strings: a line may have a million characters, and a file thousands of problems. */
  #characters(start: number, end: number): number {
    let count = 0;
    for (let index = start; index < end; index++) {
      const unit = this.text.charCodeAt(index);
      if (unit < 0xdc00 || unit > 0xdfff) count++;
    }
    return count;
  }

  #clamp(offset: number): number {
    return Math.min(Math.max(0, offset), this.text.length);
  }
}
