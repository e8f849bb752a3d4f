import type { SourceText, TextRange } from './source-text.js';

/** Characters around a place that are looked at. */
const LONGEST_WORD = 200;

interface FoundProblem {
  readonly range: TextRange;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Says what stands where it cannot stand, and what was probably meant. */
export function unexpectedText(source: SourceText, range: TextRange): FoundProblem {
  const { text } = source;
  if (text.slice(range.start).trim() === '') {
    const end = source.lastCharacter;
    return { range: { start: end, end }, message: 'the file ends too early' };
  }
  const token = tokenAt(text, range);
  const found = {
    range: { start: range.start, end: range.start + token.length },
    message: `unexpected ${quote(token)}`,
  };
  const lineStart = source.lineAt(range.start).start;
  const lineBefore = text.slice(Math.max(lineStart, range.start - LONGEST_WORD), range.start);
  const hint = hintFor(token, lineBefore);
  if (hint !== undefined) return { ...found, hint };

  const [word] = /[^\s"{}();=\\/#[\]]+$/.exec(lineBefore) ?? [];
  if (word === undefined) return found;
  if (token.startsWith('"')) {
    return word === 'r'
      ? { ...found, message: 'raw text is written otherwise in KDL 2', hint: 'Write #"…"# instead of r"…".' }
      : { ...found, message: `a blank is missing before ${quote(token)}` };
  }
  if (/^[+-]?[\d.]/.test(word)) return unreadableWord(source, range);
  return found;
}

/** A word that begins like a number and is none. */
export function unreadableWord({ text }: SourceText, { start: at }: TextRange): FoundProblem {
  const [before = ''] = /[^\s"{}();=\\/#[\]]*$/.exec(text.slice(Math.max(0, at - LONGEST_WORD), at)) ?? [];
  const start = at - before.length;
  const [word = ''] = /^[^\s"{}();=\\/#[\]]*/.exec(text.slice(start, start + LONGEST_WORD)) ?? [];
  return {
    range: { start, end: start + word.length },
    message: `${quote(word)} is neither a number nor text`,
    hint: /^[+-]?\.\d+$/.test(word)
      ? `Write ${word.replace('.', '0.')}, or ${quote(word)} for the text.`
      : `Put it in quotes: ${quote(word)}`,
  };
}

/** The word or the sign at a place. */
function tokenAt(text: string, { start }: TextRange): string {
  const rest = text.slice(start, start + LONGEST_WORD);
  const [token = rest.slice(0, 1)] = /^(?:"[^"\n\r]*"?|[^\s"{}();=\\/#[\],]+|#\S?|.)/su.exec(rest) ?? [];
  return token;
}

function hintFor(token: string, lineBefore: string): string | undefined {
  const isFirst = lineBefore.trim() === '';
  switch (token.charAt(0)) {
    case '{':
      return isFirst ? 'The "{" has to stand on the line of its node, after a blank: vm "web" {' : undefined;
    case '}':
      return 'There is no "{" that it closes, or a line before is not complete.';
    case '=': {
      const [name] = /[\w-]+(?=\s*$)/.exec(lineBefore) ?? [];
      return name === undefined
        ? undefined
        : `A node has no "=" after its name: write ${name} and the value.`;
    }
    case ',':
      return 'Values are separated by blanks.';
    case ';':
      return 'A ";" ends a node; there is none before it.';
    case '#':
      return isFirst ? 'Comments begin with //' : undefined;
    case '[':
    case ']':
      return 'KDL has no lists: write the values one after the other.';
    case '(':
    case ')':
      return 'Text with parentheses has to stand in quotes.';
    case '\\':
      return 'A "\\" has to be the last on its line; text with one has to stand in quotes.';
    default:
      return undefined;
  }
}

function quote(token: string): string {
  const shown = token.length > 40 ? `${token.slice(0, 39)}…` : token;
  return shown.startsWith('"') ? shown : `"${shown}"`;
}
