import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const unique = (codes: Iterable<string>): readonly string[] => [...new Set(codes)].toSorted();

/** Every match of the first group of a pattern. */
const found = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, code = '']) => code);

describe('the codes of errors and warnings', () => {
  it('are all in the README, and nothing else is', () => {
    const sources = globSync('src/**/*.ts', { cwd: root }).filter((path) => !path.startsWith('src/testing/'));
    const made = sources.flatMap((path) =>
      found(read(path), /(?:rror\(\s*|code: )'(VMCTL_PROPOLIS_[A-Z_]+)'/g),
    );
    expect(made.length).toBeGreaterThan(0);
    const [, section = ''] = read('README.md').split('\n## Errors\n');
    const documented = found(section, /^\| `(VMCTL_PROPOLIS_[A-Z_]+)` /gm);
    expect(documented).toEqual(unique(made));
  });
});
