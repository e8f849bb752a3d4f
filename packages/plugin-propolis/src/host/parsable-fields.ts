/** What an escape may stand for: dladm escapes `:` and `\`, zoneadm `:` alone. */
export type Escapes = 'colon' | 'colon-and-backslash';

/**
 * Splits a line of `-p` output at its colons. A backslash takes the meaning from the character after it; before any
 * other character it stands for itself.
 */
export function splitFields(line: string, escapes: Escapes): string[] {
  const fields: string[] = [];
  let field = '';
  for (let index = 0; index < line.length; index += 1) {
    const character = line.charAt(index);
    const next = line.charAt(index + 1);
    if (character === '\\' && (next === ':' || (next === '\\' && escapes === 'colon-and-backslash'))) {
      field += next;
      index += 1;
    } else if (character === ':') {
      fields.push(field);
      field = '';
    } else {
      field += character;
    }
  }
  return [...fields, field];
}

/** Lines of an output, without the empty ones. */
export function linesOf(output: string): string[] {
  return output.split('\n').filter((line) => line !== '');
}

/** An output that is none of the tool's documented ones; the one who ran the tool says which it was. */
export class UnreadableOutput extends Error {
  readonly line: string;

  constructor(line: string, why: string) {
    super(`${why}: ${JSON.stringify(line.slice(0, 200))}`);
    this.name = 'UnreadableOutput';
    this.line = line;
  }
}
