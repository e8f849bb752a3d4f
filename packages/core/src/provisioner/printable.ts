/** Longer sequences are no sequences: an unterminated one must not swallow all that follows. */
const MAX_SEQUENCE = 1024;

/** Colours and cursor movements (CSI), titles and links (OSC), character sets: ECMA-48 and what xterm adds. */
const SEQUENCE = new RegExp(
  `\\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\x07\\x1b]{0,${MAX_SEQUENCE}}(?:\\x07|\\x1b\\\\)|[()][0-9A-Z])`,
  'g',
);
/** A sequence that the end of the text cuts. */
const OPEN_SEQUENCE = new RegExp(`\\x1b(?:\\[[0-?]*[ -/]*|\\][^\\x07\\x1b]{0,${MAX_SEQUENCE}}\\x1b?|[()])?$`);

/** Everything that moves a terminal's cursor or switches its state, but tab, newline and carriage return. */
// oxlint-disable-next-line no-control-regex -- they are the subject
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

/** Leaves out the escape sequences of terminals, also where a text comes in pieces. */
export class SequenceStripper {
  #open = '';

  push(piece: string): string {
    const text = this.#open + piece;
    this.#open = '';
    if (!text.includes('\x1b')) return text;
    const from = Math.max(0, text.length - MAX_SEQUENCE - 8);
    const open = text.slice(from).search(OPEN_SEQUENCE);
    if (open === -1) return strip(text);
    this.#open = text.slice(from + open);
    return strip(text.slice(0, from + open));
  }

  end(): string {
    const rest = strip(this.#open);
    this.#open = '';
    return rest;
  }
}

function strip(text: string): string {
  return text.replace(SEQUENCE, '');
}

/** Shows control characters as escapes (`\x00`); tabs and line ends stay. */
export function showControls(text: string): string {
  return text.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** A short text as one printable line. */
export function oneLine(text: string): string {
  return showControls(strip(text).replace(/\s*[\r\n]+\s*/g, ' ')).trim();
}
