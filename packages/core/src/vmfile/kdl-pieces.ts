/** What a piece of KDL text is. */
export type KdlPieceKind =
  | 'space'
  | 'newline'
  | 'line-comment'
  | 'block-comment'
  | 'slash-dash'
  /** The backslash with which a node goes on in the next line. */
  | 'continuation'
  /** Text between `"""` and `"""`. */
  | 'lines'
  /** Any other name or value. */
  | 'word'
  /** One of `{ } ( ) ; =`. */
  | 'sign';

/** A piece of KDL text. All of them together are the text. */
export interface KdlPiece {
  readonly kind: KdlPieceKind;
  readonly text: string;
  /** How many blanks the line begins with that the piece starts in. */
  readonly lineIndent: number;
}

const LINE_ENDS = String.raw`\n-\r\x85\u2028\u2029`;
const LINE_END = String.raw`\r\n|[${LINE_ENDS}]`;
const BLANKS = String.raw`\t \xa0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff`;

/** One group a kind, in this order. Block comments nest, which is beyond a pattern: this finds their beginning. */
const kinds: readonly (readonly [KdlPieceKind, string])[] = [
  ['space', `[${BLANKS}]+`],
  ['newline', LINE_END],
  ['line-comment', `//[^${LINE_ENDS}]*`],
  ['block-comment', String.raw`/\*`],
  ['slash-dash', '/-'],
  ['continuation', String.raw`\\`],
  [
    'lines',
    String.raw`(?<fence>#+)"""(?=${LINE_END})[^]*?"""\k<fence>|"""(?=${LINE_END})(?:\\[^]|[^\\])*?"""`,
  ],
  [
    'word',
    String.raw`(?<raw>#+)"[^]*?"\k<raw>|"(?:\\[^]|[^"\\])*"|[^${BLANKS}${LINE_ENDS}\\/(){};="][^${BLANKS}${LINE_ENDS}\\/(){};="]*`,
  ],
  ['sign', '[(){};=]'],
];
const names = kinds.map(([kind]) => kind.replace('-', '_'));
const PIECE = new RegExp(kinds.map(([, pattern], index) => `(?<${names[index]}>${pattern})`).join('|'), 'y');

const LEADING_BLANKS = new RegExp(`[${BLANKS}]*`, 'y');
const LAST_LINE_END = new RegExp(`[${LINE_ENDS}](?=[^${LINE_ENDS}]*$)`);

/** Takes a text apart that is known to be KDL; of another one the pieces mean nothing, but are still the whole text. */
export function kdlPieces(text: string): KdlPiece[] {
  const pieces: KdlPiece[] = [];
  let lineIndent = indentAt(text, 0);
  for (let at = 0; at < text.length;) {
    const piece = { ...pieceAt(text, at), lineIndent };
    pieces.push(piece);
    at += piece.text.length;
    const lineEnd = piece.kind === 'newline' ? 0 : piece.text.search(LAST_LINE_END);
    if (lineEnd !== -1)
      lineIndent = indentAt(text, at - piece.text.length + lineEnd + (piece.text === '\r\n' ? 2 : 1));
  }
  return pieces;
}

function pieceAt(text: string, at: number): Pick<KdlPiece, 'kind' | 'text'> {
  PIECE.lastIndex = at;
  const match = PIECE.exec(text);
  const index = names.findIndex((name) => match?.groups?.[name] !== undefined);
  const kind = kinds[index]?.[0];
  if (match === null || kind === undefined) return { kind: 'word', text: text.charAt(at) };
  return { kind, text: kind === 'block-comment' ? text.slice(at, commentEnd(text, at)) : match[0] };
}

/** The end of the block comment that begins at `start`, and of those within it. */
function commentEnd(text: string, start: number): number {
  let depth = 0;
  const bounds = /\/\*|\*\//g;
  bounds.lastIndex = start;
  for (let match = bounds.exec(text); match !== null; match = bounds.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return bounds.lastIndex;
  }
  return text.length;
}

function indentAt(text: string, start: number): number {
  LEADING_BLANKS.lastIndex = start;
  return LEADING_BLANKS.exec(text)?.[0].length ?? 0;
}
