import { EventEmitter } from 'node:events';
import { widthOf } from '../../src/ui/text-width.js';

/** Sequences that this terminal knows, and single characters; anything else in a sequence is an error of the test. */
// oxlint-disable-next-line no-control-regex -- control sequences are the subject
const PIECES = /\x1b\[(?<parameters>[?\d;]*)(?<final>[A-Za-z])|(?<character>[^\x1b])/gu;

/** What a terminal makes of what is written to it: rows that wrap, a cursor, and lines that scroll out at the top. */
export class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** Everything that was written, call by call. */
  readonly writes: string[] = [];
  /** Rows of characters, those that have scrolled out among them; a wide one takes two cells. */
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  #wraps = true;

  constructor(columns = 80, rows = 24) {
    super();
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): boolean {
    this.writes.push(text);
    for (const { groups, index } of text.matchAll(PIECES)) {
      const { parameters = '', final, character = '' } = groups ?? {};
      if (final === undefined) this.#put(character);
      else if (!this.#control(parameters, final))
        throw new Error(`unknown sequence at ${index} of ${JSON.stringify(text)}`);
    }
    return true;
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.emit('resize');
  }

  /** All rows that were ever shown, without those at the end that are empty. */
  get text(): string {
    return this.#lines
      .map((cells) => cells.join('').trimEnd())
      .join('\n')
      .trimEnd();
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: this.#column };
  }

  /** Whether lines wrap, as they do in a terminal by itself. */
  get wraps(): boolean {
    return this.#wraps;
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#to(this.#row + 1, 0);
    else {
      const width = widthOf(character);
      if (this.#column + width > this.columns) {
        if (!this.#wraps) return;
        this.#to(this.#row + 1, 0);
      }
      const cells = (this.#lines[this.#row] ??= []);
      while (cells.length < this.#column) cells.push(' ');
      cells.splice(this.#column, width, character, ...Array<string>(Math.max(0, width - 1)).fill(''));
      this.#column += width;
    }
  }

  #control(parameters: string, final: string): boolean {
    const line = this.#lines[this.#row] ?? [];
    if (final === 'A')
      this.#to(Math.max(this.#lines.length - this.rows, 0, this.#row - Number(parameters)), this.#column);
    else if (final === 'K') line.length = Math.min(line.length, this.#column);
    else if (parameters === '?7') this.#wraps = final === 'h';
    else return final === 'm' || parameters === '?2026';
    return true;
  }

  #to(row: number, column: number): void {
    this.#row = row;
    this.#column = column;
    while (this.#lines.length <= row) this.#lines.push([]);
  }
}
