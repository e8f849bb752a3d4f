import type { Style } from './style.js';
import { wrapText } from './wrap-text.js';

/** Wider lines are hard to read, whatever the terminal. */
const MOST_COLUMNS = 80;

/** A list item, or the continuation of one: its mark, and what it says. */
const ITEM = /^(\s*- )(.*)$/;

/**
 * A page of the Markdown that help topics are written in, for a terminal: headings, paragraphs, lists, and blocks of
 * code, which are indented and never broken.
 *
 * @param columns - of the terminal; undefined: 80
 */
export function topicText(markdown: string, style: Style, columns?: number): string {
  const width = Math.min(MOST_COLUMNS, Math.max(30, columns ?? MOST_COLUMNS));
  const lines: string[] = [];
  for (const block of blocks(markdown)) {
    if (lines.length > 0) lines.push('');
    lines.push(...blockLines(block, width, style));
  }
  return `${lines.join('\n')}\n`;
}

type Block = { readonly kind: 'code' | 'text'; readonly lines: readonly string[] };

/** What empty lines and fences part. */
function blocks(markdown: string): Block[] {
  const found: Block[] = [];
  let lines: string[] = [];
  let isCode = false;
  const end = (): void => {
    if (lines.length > 0) found.push({ kind: isCode ? 'code' : 'text', lines });
    lines = [];
  };
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) {
      end();
      isCode = !isCode;
    } else if (line.trim() === '' && !isCode) end();
    else lines.push(line);
  }
  end();
  return found;
}

function blockLines({ kind, lines }: Block, width: number, style: Style): string[] {
  if (kind === 'code') return lines.map((line) => (line === '' ? '' : `    ${line}`));
  const [first = ''] = lines;
  if (first.startsWith('#')) return [style.strong(first.replace(/^#+ /, ''))];
  if (!ITEM.test(first)) return wrapText(lines.join(' '), width).map((line) => inline(line, style));
  return items(lines).flatMap(({ mark, text }) =>
    wrapText(text, width - mark.length).map((line, index) =>
      inline(`${index === 0 ? mark : ' '.repeat(mark.length)}${line}`, style),
    ),
  );
}

function items(lines: readonly string[]): { mark: string; text: string }[] {
  const list: { mark: string; text: string }[] = [];
  for (const line of lines) {
    const [, mark, text = ''] = ITEM.exec(line) ?? [];
    const last = list.at(-1);
    if (mark !== undefined) list.push({ mark, text });
    else if (last !== undefined) last.text += ` ${line.trim()}`;
  }
  return list;
}

/** Code without its backticks where it can be told by its weight. */
function inline(line: string, style: Style): string {
  const isStyled = style.strong('x') !== 'x';
  return isStyled ? line.replace(/`([^`]+)`/g, (_, code: string) => style.strong(code)) : line;
}
