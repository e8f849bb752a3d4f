import type { HostEntry } from './hosts-file-node.js';

export const BEGIN = '# vmctl hosts-file: begin. `vmctl up` writes this part anew.';
export const END = '# vmctl hosts-file: end.';

/**
 * A hosts file with these entries in its marked part, and everything else as it is. The part is made at the end when
 * there is none, and goes away when there are no entries.
 *
 * @returns undefined when the file has the beginning of the part and not its end: then nobody knows what is ours
 */
export function withEntries(file: string, entries: readonly HostEntry[]): string | undefined {
  const lines = file === '' ? [] : file.replace(/\n$/, '').split('\n');
  const begin = lines.indexOf(BEGIN);
  const end = lines.indexOf(END);
  if (begin < 0 !== end < 0 || end < begin) return undefined;
  const part =
    entries.length === 0
      ? []
      : [BEGIN, ...entries.map(({ address, names }) => [address, ...names].join(' ')), END];
  const changed =
    begin < 0 ? [...lines, ...part] : [...lines.slice(0, begin), ...part, ...lines.slice(end + 1)];
  return changed.length === 0 ? '' : `${changed.join('\n')}\n`;
}
