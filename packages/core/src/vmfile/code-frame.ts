import stringWidth from 'string-width';
import { hidePasswords } from './passwords.js';
import { printable } from './printable.js';
import type { SourceText, TextRange } from './source-text.js';

/** Columns of the terminal that the line of code may take. */
const WIDEST = 100;
/** Characters kept before the caret when a line is too long. */
const LEAD = 40;

/**
 * The line of a place with a caret below it:
 *
 * ```
 *   4 |     memroy 2048
 *     |     ^^^^^^
 * ```
 *
 * Tabs become four blanks, wide characters count two columns, control characters are made visible, passwords of
 * URLs are hidden, and a long line is cut to what is around the caret.
 */
export function codeFrame(source: SourceText, { start, end }: TextRange): string {
  const { line } = source.position(start);
  const { text, start: lineStart } = source.lineAt(start);
  const shown = hidePasswords(text);
  const from = Math.min(Math.max(0, start - lineStart), shown.length);
  const to = Math.min(Math.max(from, end - lineStart), shown.length);

  const cut = cutAround(shown, from);
  const before = printable(shown.slice(cut.start, from));
  const marked = printable(shown.slice(from, Math.min(to, cut.end)));
  const after = printable(shown.slice(Math.min(to, cut.end), cut.end));
  const lead = cut.start > 0 ? '…' : '';
  const rest = cut.end < shown.length ? '…' : '';

  const number = String(line);
  const indent = ' '.repeat(stringWidth(lead + before));
  const carets = '^'.repeat(Math.max(1, stringWidth(marked)));
  return [
    `  ${number} | ${lead}${before}${marked}${after}${rest}`.trimEnd(),
    `  ${' '.repeat(number.length)} | ${indent}${carets}`,
  ].join('\n');
}

/** The part of a long line that is shown; never cuts a surrogate pair. */
function cutAround(line: string, caret: number): { readonly start: number; readonly end: number } {
  let start = caret > WIDEST - LEAD / 2 ? caret - LEAD : 0;
  let end = Math.min(line.length, start + WIDEST);
  if (isLowSurrogate(line, start)) start--;
  if (isLowSurrogate(line, end)) end++;
  return { start, end };
}

function isLowSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
