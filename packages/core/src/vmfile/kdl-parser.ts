/**
 * KDL text to a tree of plain nodes, with kdljs.
 *
 * The build replaces this module by a bundle with kdljs and chevrotain inside and with the parser's tables worked
 * out beforehand (scripts/bundle.mjs): unbundled, the import alone takes longer than most commands. So nothing else
 * of vmctl is imported here, and this module is imported where a VMFile is read and nowhere else.
 */
import { lexer, parser } from 'kdljs/src/parser/kdl.js';
import * as Token from 'kdljs/src/parser/tokens.js';
import type { KdlToken, KdlTokenType } from 'kdljs/src/parser/tokens.js';
import type { KdlFailure, KdlNode, KdlParseResult } from './kdl-tree.js';

/** How deep nodes or comments may be nested; a VMFile needs four levels. The parser is recursive. */
const DEEPEST = 64;

/** Words and signs; a file of 1 MiB with everything that a VMFile can have stays well below. */
const MOST_TOKENS = 300_000;

// Recovery looks for the next token character by character, which takes minutes for some texts. What is wrong
// with a text is found out by another parser anyway.
lexer.config.recoveryEnabled = false;

/** Parses a whole document. Never throws for bad input. */
export function parseKdl(text: string): KdlParseResult {
  const { tokens: lexed, errors } = lexer.tokenize(text);
  const excess = findExcess(lexed);
  if (excess !== undefined) return { ok: false, reason: excess.reason, ...placeOf(excess.token) };
  const unclosed = findUnclosed(lexed);
  const [lexError] = errors;
  if (lexError !== undefined) {
    return { ok: false, reason: 'syntax', offset: lexError.offset, length: lexError.length, unclosed };
  }

  const tokens = conform(lexed);
  parser.input = tokens;
  const output = parser.document();
  const [error] = parser.errors;
  if (error !== undefined || output === undefined) {
    return {
      ok: false,
      reason: 'syntax',
      ...placeOf(error?.token, error?.previousToken ?? lexed.at(-1)),
      unclosed,
    };
  }
  const nodes = output as KdlNode[]; // the shape that kdljs documents for its output
  return { ok: true, nodes, faithful: isFaithful(tokens, nodes) };
}

/** Types of tokens that end a name or a value. */
const ends = new Set<KdlTokenType>([
  Token.Boolean,
  Token.CloseQuote,
  Token.Float,
  Token.FloatKeyword,
  Token.Identifier,
  Token.Integer,
  Token.MultiLineCloseQuote,
  Token.MultiLineRawString,
  Token.Null,
  Token.RawString,
  Token.RightBrace,
]);

/**
 * Makes up for two places where kdljs 0.3 is not KDL 2: it wants a space before `{` and `/-` (`env{ A b }` needs
 * none), and it cuts the code points of `\u{1F600}` to 16 bits.
 */
function conform(tokens: readonly KdlToken[]): KdlToken[] {
  const result: KdlToken[] = [];
  let previous: KdlToken | undefined;
  for (const token of tokens) {
    // The lexer of the bundle does not note it, and kdljs uses it for places of faults.
    token.endOffset ??= token.startOffset + token.image.length - 1;
    const opens = token.tokenType === Token.LeftBrace || token.tokenType === Token.BlockComment;
    if (opens && previous !== undefined && ends.has(previous.tokenType)) {
      result.push(tokenOf(Token.WhiteSpace, '', token));
    }
    const codePoint = token.tokenType === Token.UnicodeEscape ? parseInt(token.image.slice(3, -1), 16) : 0;
    result.push(codePoint > 0xffff ? tokenOf(Token.Unicode, String.fromCodePoint(codePoint), token) : token);
    previous = token;
  }
  return result;
}

function tokenOf(tokenType: KdlTokenType, image: string, place: KdlToken): KdlToken {
  return { ...place, tokenType, tokenTypeIdx: tokenType.tokenTypeIdx ?? 0, image };
}

/** The first token that is beyond what the parsers can bear. */
function findExcess(
  tokens: readonly KdlToken[],
): { readonly token: KdlToken; readonly reason: 'too-deep' | 'too-long' } | undefined {
  let nodes = 0;
  let comments = 0;
  let count = 0;
  for (const token of tokens) {
    const type = token.tokenType;
    if (type !== Token.WhiteSpace && type !== Token.NewLine && ++count > MOST_TOKENS) {
      return { token, reason: 'too-long' };
    }
    if (type === Token.LeftBrace) nodes++;
    if (type === Token.OpenMultiLineComment) comments++;
    if (nodes > DEEPEST || comments > DEEPEST) return { token, reason: 'too-deep' };
    if (type === Token.RightBrace) nodes--;
    if (type === Token.CloseMultiLineComment) comments--;
  }
  return undefined;
}

const opening = new Set<KdlTokenType>([
  Token.LeftBrace,
  Token.MultiLineOpenQuote,
  Token.OpenMultiLineComment,
  Token.OpenQuote,
]);
const closing = new Set<KdlTokenType>([
  Token.CloseMultiLineComment,
  Token.CloseQuote,
  Token.MultiLineCloseQuote,
  Token.RightBrace,
]);

/** The innermost brace, comment or string that nothing closes. */
function findUnclosed(tokens: readonly KdlToken[]): KdlFailure['unclosed'] {
  const open: KdlToken[] = [];
  for (const token of tokens) {
    if (opening.has(token.tokenType)) open.push(token);
    if (closing.has(token.tokenType)) open.pop();
  }
  const last = open.at(-1);
  return last === undefined ? undefined : { offset: last.startOffset, opening: last.image };
}

function placeOf(token: KdlToken | undefined, previous?: KdlToken): { offset: number; length: number } {
  if (token !== undefined && Number.isFinite(token.startOffset)) {
    return { offset: token.startOffset, length: token.image.length };
  }
  const end = previous === undefined ? 0 : previous.startOffset + previous.image.length;
  return { offset: Number.isFinite(end) ? end : 0, length: 0 };
}

/**
 * Whether the tree says all that the text says. It does not when a property was repeated, or named `__proto__`
 * (the tree keeps one of them, or none), nor when a number was written otherwise than JavaScript prints it.
 */
function isFaithful(tokens: readonly KdlToken[], nodes: readonly KdlNode[]): boolean {
  let written = 0;
  for (const { tokenType: type, image } of tokens) {
    if (type === Token.Equals) written++;
    if ((type === Token.Float || type === Token.Integer) && String(Number(image)) !== image) return false;
  }
  return written === countProperties(nodes);
}

function countProperties(nodes: readonly KdlNode[]): number {
  let count = 0;
  for (const node of nodes) count += Object.keys(node.properties).length + countProperties(node.children);
  return count;
}
