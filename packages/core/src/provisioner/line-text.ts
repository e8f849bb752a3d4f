/** A line that is longer than this is handed on in parts. */
const MAX_LINE = 16 * 1024;

/**
 * Makes lines of a text that comes in pieces, as a terminal would show them: CR LF ends a line, and what comes after
 * a lone carriage return takes the place of what was on the line, so that of a progress bar the last state counts.
 *
 * What is returned is ready to be shown. A part of a line that was returned already cannot be taken back; then
 * `overwrite` goes before what takes its place.
 */
export class LineText {
  readonly #overwrite: '\r' | '\n';
  /** The end of the text, without a newline, none of it returned yet. */
  #line = '';
  /** Whether a part of the line was returned. */
  #begun = false;

  constructor(overwrite: '\r' | '\n') {
    this.#overwrite = overwrite;
  }

  /** Whether {@link flush} would return something. */
  get pending(): boolean {
    return withoutReturns(this.#line) !== '';
  }

  /** Adds a piece; returns the lines that are complete. */
  push(piece: string): string {
    const text = this.#line + piece;
    const end = text.lastIndexOf('\n') + 1;
    const ready = end === 0 ? '' : this.#complete(text.slice(0, end));
    this.#line = lastState(text.slice(end), this.#begun);
    return this.#line.length > MAX_LINE ? ready + this.flush() : ready;
  }

  /** Returns the part of the line that is there; what comes belongs to the same line. */
  flush(): string {
    const shown = withoutReturns(this.#line);
    if (shown === '') return '';
    // A carriage return at the end may be the first half of a line end.
    this.#line = this.#line.length > shown.length ? '\r' : '';
    return this.#show(shown, true);
  }

  /** Returns what is left, and a newline when the last line had none. */
  end(): string {
    const rest = this.flush();
    const open = this.#begun;
    this.#line = '';
    this.#begun = false;
    return open ? `${rest}\n` : rest;
  }

  #complete(lines: string): string {
    if (!lines.includes('\r')) {
      this.#begun = false;
      return lines;
    }
    return lines
      .slice(0, -1)
      .split('\n')
      .map((line) => `${this.#show(withoutReturns(line), false)}\n`)
      .join('');
  }

  /** The last state of the line `text`, and what has to be before it. */
  #show(text: string, begun: boolean): string {
    const start = text.lastIndexOf('\r') + 1;
    const replaces = this.#begun && start > 0;
    this.#begun = begun;
    return (replaces ? this.#overwrite : '') + text.slice(start);
  }
}

function withoutReturns(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end--;
  return line.slice(0, end);
}

/** The line without the states that were replaced; it still says by a leading CR that there were some. */
function lastState(line: string, begun: boolean): string {
  const start = withoutReturns(line).lastIndexOf('\r');
  return line.slice(begun ? Math.max(0, start) : start + 1);
}
