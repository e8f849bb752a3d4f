import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter();

/** Columns that a text takes on a terminal. Wide characters take two, combining ones and colours none. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** Cuts a text without colours so that it takes no more columns than these; what is missing is an ellipsis. */
export function cutTo(text: string, columns: number): string {
  // What is cut in any case need not be measured: a name can have megabytes.
  const start = text.slice(0, columns * LONGEST_GRAPHEME);
  if (start.length === text.length && widthOf(text) <= columns) return text;
  if (columns <= 0) return '';
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(start)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** UTF-16 units that a character on the screen hardly ever exceeds. */
const LONGEST_GRAPHEME = 32;

/** Cuts a text without colours, or fills it with blanks, to exactly these columns. */
export function fitTo(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutTo(text, columns);
  const fill = ' '.repeat(Math.max(0, columns - widthOf(cut)));
  return align === 'left' ? cut + fill : fill + cut;
}
