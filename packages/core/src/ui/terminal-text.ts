import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

/** Longer text without a newline is shown in pieces. */
const LONGEST_LINE = 64 * 1024;

/**
 * Makes foreign bytes fit for a terminal, line by line: nothing in them can move the cursor, clear the screen or change
 * settings. Only text, tabs and newlines are left.
 */
export class TerminalText {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** The complete lines that these bytes end. */
  push(bytes: Uint8Array): string {
    const text = this.#rest + this.#decoder.write(Buffer.from(bytes));
    const end = text.length > LONGEST_LINE ? text.length : text.lastIndexOf('\n') + 1;
    this.#rest = text.slice(end);
    return harmless(text.slice(0, end));
  }

  /** What came after the last newline. */
  flush(): string {
    const text = this.#rest + this.#decoder.end();
    this.#rest = '';
    return harmless(text);
  }
}

/** One line of foreign text for a terminal: no control characters, no newlines, no tabs. */
export function oneLine(text: string): string {
  return harmless(text).replaceAll(/[\n\t]/g, ' ');
}

/** One line of foreign text as {@link oneLine} gives it, but with its tabs. */
export function printedLine(text: string): string {
  return harmless(text).replaceAll('\n', ' ');
}

function harmless(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are the subject
  return stripVTControlCharacters(text).replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '');
}
