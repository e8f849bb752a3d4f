/** A word, or code that must not be torn apart, with what sticks to it. */
const WORD = /[^\s`]*`[^`]*`[^\s`]*|\S+/g;

/**
 * Breaks a paragraph into lines of at most `width` characters; a longer word has a line of its own. Code between
 * backticks stays whole.
 */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const [word] of text.matchAll(WORD)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines;
}
