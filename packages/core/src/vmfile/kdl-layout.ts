import { type KdlPiece, kdlPieces } from './kdl-pieces.js';

const STEP = '    ';

/**
 * Lays KDL text out anew: four spaces a level, a node a line, one blank between words, at most one empty line. A block
 * that stands in one line stays in one. Words, comments and their order stay as they are; of text and comments of several
 * lines the indentation moves with the line that they begin in.
 *
 * @param text - has to be KDL
 */
export function layOutKdl(text: string): string {
  return new Layout(kdlPieces(text).filter(({ kind }) => kind !== 'space')).text();
}

/** What is not there: the piece before the first one, and after the last one. */
const NOTHING: KdlPiece = { kind: 'newline', text: '', lineIndent: 0 };

class Layout {
  readonly #pieces: readonly KdlPiece[];
  /** For each piece, how many before it cannot stand in the middle of a line. */
  readonly #breaks: readonly number[];
  /** For each `{`, its `}`. */
  readonly #closing: ReadonlyMap<number, number>;
  #at = 0;
  readonly #lines: string[] = [];

  constructor(pieces: readonly KdlPiece[]) {
    this.#pieces = pieces;
    this.#breaks = countBreaks(pieces);
    this.#closing = matchBraces(pieces);
  }

  text(): string {
    this.#block(0);
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  /** Nodes of one level, up to the `}` after them. */
  #block(level: number): void {
    const line = new Line(level, this.#lines);
    /** A `;` has ended the node of this line. */
    let ended = false;
    for (; this.#at < this.#pieces.length; this.#at++) {
      const piece = this.#piece(this.#at);
      if (isSign(piece, '}')) break;
      if (ended && this.#beginsNode(this.#at)) line.end(level);
      ended = isSign(piece, ';') ? !line.isEmpty : ended && !line.isEmpty;
      if (piece.kind === 'newline') line.end(level);
      else if (piece.kind === 'continuation') this.#continuations(line, level);
      else if (isSign(piece, '{')) this.#children(line, level);
      else if (!isSign(piece, ';')) line.add(piece);
    }
    line.end(level);
  }

  /** `{ … }` in one line or in several. Ends at its `}`. */
  #children(line: Line, level: number): void {
    const close = this.#closing.get(this.#at) ?? this.#pieces.length;
    if (this.#isOneLine(this.#at, close)) {
      this.#inline(line, close);
      return;
    }
    line.add(this.#piece(this.#at++));
    // Comments at the brace stay there.
    if (!this.#beginsNode(this.#at))
      while (isComment(this.#piece(this.#at))) line.add(this.#piece(this.#at++));
    line.end(level);
    this.#block(level + 1);
    line.add(this.#piece(close));
  }

  /** `{ … }` in one line. Ends at its `}`. */
  #inline(line: Line, close: number): void {
    const isEmpty = this.#pieces.slice(this.#at + 1, close).every(({ kind }) => kind === 'newline');
    if (isEmpty) {
      line.addText(this.#piece(this.#at), '{}');
      this.#at = close;
      return;
    }
    line.add(this.#piece(this.#at));
    for (this.#at++; this.#at < close; this.#at++) {
      const piece = this.#piece(this.#at);
      if (isSign(piece, '{')) this.#inline(line, this.#closing.get(this.#at) ?? close);
      else if (!isSign(piece, ';')) line.add(piece);
      else if (this.#at + 1 < close && !isSign(this.#piece(this.#at + 1), ';')) line.endNode();
    }
    line.add(this.#piece(close));
  }

  /**
   * Backslashes, each with the comments and the line end that belong to it. Those that nothing needs are left out. Ends at
   * the last line end.
   */
  #continuations(line: Line, level: number): void {
    const backslash = this.#piece(this.#at);
    const comments: KdlPiece[][] = [];
    let next = this.#at;
    while (this.#piece(next).kind === 'continuation') {
      const ofOne: KdlPiece[] = [];
      for (next++; isComment(this.#piece(next)); next++) ofOne.push(this.#piece(next));
      next++;
      if (ofOne.length > 0) comments.push(ofOne);
    }
    this.#at = next - 1;
    const after = this.#piece(next);
    if (endsNode(after)) {
      for (const comment of comments.flat()) {
        line.add(comment);
        if (comment.kind === 'line-comment') line.end(level);
      }
      return;
    }
    if (comments.length === 0 && !line.isEmpty && !isSign(after, '{')) comments.push([]);
    for (const ofOne of comments) {
      line.add(backslash);
      for (const comment of ofOne) line.add(comment);
      line.end(level + 1);
    }
  }

  /** Whether a node begins with this piece, or after the comments that begin with it in the same line. */
  #beginsNode(index: number): boolean {
    let at = index;
    while (this.#piece(at).kind === 'block-comment') at++;
    return !endsNode(this.#piece(at));
  }

  #isOneLine(open: number, close: number): boolean {
    if (this.#breaks[open] === this.#breaks[close]) return true;
    return this.#pieces.slice(open + 1, close).every(({ kind }) => kind === 'newline');
  }

  #piece(index: number): KdlPiece {
    return this.#pieces[index] ?? NOTHING;
  }
}

/** The lines of a block, of which one is being put together. */
class Line {
  readonly #lines: string[];
  #level: number;
  #text = '';
  #last = NOTHING;
  #isFirst = true;
  #afterEmpty = false;

  constructor(level: number, lines: string[]) {
    this.#level = level;
    this.#lines = lines;
  }

  get isEmpty(): boolean {
    return this.#text === '';
  }

  /** Ends the line; the next one has that level. Of empty lines one stays, between others. */
  end(level: number): void {
    if (this.isEmpty) {
      this.#afterEmpty = true;
    } else {
      if (this.#afterEmpty && !this.#isFirst) this.#lines.push('');
      this.#lines.push(STEP.repeat(this.#level) + this.#text);
      this.#isFirst = false;
      this.#afterEmpty = false;
    }
    this.#level = level;
    this.#text = '';
    this.#last = NOTHING;
  }

  add(piece: KdlPiece): void {
    this.addText(piece, this.#textOf(piece));
  }

  /** Adds a piece in other words. */
  addText(piece: KdlPiece, text: string): void {
    this.#text += !this.isEmpty && needsBlank(this.#last, piece) ? ` ${text}` : text;
    this.#last = piece;
  }

  /** Ends a node that is not the last one of the line. */
  endNode(): void {
    this.#text += ';';
  }

  #textOf(piece: KdlPiece): string {
    const text = piece.text.replaceAll('\r\n', '\n');
    if (piece.kind === 'line-comment') return text.trimEnd();
    if (piece.kind === 'lines') return indentText(text, STEP.repeat(this.#level + 1));
    if (piece.kind === 'block-comment' && this.isEmpty) {
      return indentComment(text, piece.lineIndent, STEP.repeat(this.#level));
    }
    return text;
  }
}

function needsBlank(before: KdlPiece, after: KdlPiece): boolean {
  if (before.kind === 'slash-dash') return false;
  const { text: left } = before;
  const { text: right } = after;
  const isTight =
    (before.kind === 'sign' && '()='.includes(left)) || (after.kind === 'sign' && ')='.includes(right));
  return !isTight || (left === ')' && right === '{');
}

/** Text of several lines has the indentation of its last line, which its value does not have. */
function indentText(text: string, indent: string): string {
  const lines = text.split('\n');
  const [before, fence] = /^([\t ]*)("""#*)$/.exec(lines.at(-1) ?? '')?.slice(1) ?? [];
  const inner = lines.slice(1, -1);
  // A backslash takes the line end after it out of the text, and the indentation with it.
  const isPlain = text.startsWith('#') || !/\\\s/.test(text);
  if (before === undefined || !isPlain) return text;
  if (!inner.every((line) => line.startsWith(before) || isBlank(line))) return text;
  const moved = inner.map((line) => (isBlank(line) ? '' : indent + line.slice(before.length)));
  return [lines[0], ...moved, `${indent}${fence}`].join('\n');
}

/** The lines of a comment keep their places below its beginning. */
function indentComment(text: string, from: number, indent: string): string {
  const [first, ...rest] = text.split('\n');
  const moved = rest.map((line) => {
    const blanks = /^\s*/.exec(line)?.[0].length ?? 0;
    return isBlank(line) ? '' : indent + line.slice(Math.min(blanks, from));
  });
  return [first, ...moved].join('\n');
}

function isBlank(line: string): boolean {
  return line.trim() === '';
}

function isSign(piece: KdlPiece, sign: string): boolean {
  return piece.kind === 'sign' && piece.text === sign;
}

function endsNode(piece: KdlPiece): boolean {
  return (
    piece.kind === 'newline' || piece.kind === 'line-comment' || isSign(piece, ';') || isSign(piece, '}')
  );
}

function isComment({ kind }: KdlPiece): boolean {
  return kind === 'block-comment' || kind === 'line-comment';
}

function countBreaks(pieces: readonly KdlPiece[]): number[] {
  let count = 0;
  return pieces.map(({ kind, text }) => {
    const before = count;
    if (kind === 'line-comment' || kind === 'continuation' || /[\n-\r\x85\u2028\u2029]/.test(text)) count++;
    return before;
  });
}

function matchBraces(pieces: readonly KdlPiece[]): Map<number, number> {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (const [index, piece] of pieces.entries()) {
    if (isSign(piece, '{')) open.push(index);
    const start = isSign(piece, '}') ? open.pop() : undefined;
    if (start !== undefined) closing.set(start, index);
  }
  return closing;
}
