/**
 * Pads the cells of the tables of a Markdown text, so that their columns are straight again after words in them were
 * replaced. Cells with an escaped `|` are not known here.
 */
export function alignTables(text: string): string {
  return text.replaceAll(/(?:^\|.*\|\n)+/gm, (table) => {
    const rows = table
      .trimEnd()
      .split('\n')
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      );
    const columns = Math.max(...rows.map((row) => row.length));
    const widths = Array.from({ length: columns }, (_, column) =>
      Math.max(3, ...rows.map((row) => (isRule(row) ? 0 : (row[column] ?? '').length))),
    );
    const padded = rows.map((row) =>
      row.map((cell, column) => {
        const width = widths[column] ?? 0;
        return isRule(row) ? '-'.repeat(width) : cell.padEnd(width);
      }),
    );
    return padded.map((row) => `| ${row.join(' | ')} |\n`).join('');
  });
}

/** Whether a row is the line between the titles and the rest. */
function isRule(row: readonly string[]): boolean {
  return row.every((cell) => /^-+$/.test(cell));
}
