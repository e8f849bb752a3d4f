import { describe, expect, it } from '@jest/globals';
import type { PluginDetails } from '../../../src/plugin-store/plugin-details.js';
import { detailLines } from '../../../src/ui/plugins-text.js';

const same = (text: string): string => text;
const plain = { strong: same, dim: same, good: same, warn: same, bad: same };

/** The lines about files of a plugin that has so many. */
function fileLines(count: number): string[] {
  const details: PluginDetails = {
    name: 'acme',
    version: '1.0.0',
    origin: 'installed',
    from: 'acme@latest',
    root: '/p',
    apiVersion: 1,
    contributes: { provisioners: ['acme'] },
    problem: null,
    description: null,
    license: null,
    homepage: null,
    entry: './plugin.js',
    resolved: null,
    integrity: null,
    files: Array.from({ length: count }, (_, index) => ({ path: `${index}.js`, bytes: 1024 })),
    dependencies: [],
  };
  const lines = detailLines(details, plain);
  return lines.slice(lines.findIndex((line) => line.startsWith('files (')));
}

describe('the files that inspect shows', () => {
  it('are all of them while there are few', () => {
    expect(fileLines(2)).toEqual(['files (2, 2 KiB)', '  1 KiB  0.js', '  1 KiB  1.js']);
    expect(fileLines(21)).toHaveLength(22);
  });

  it('are the first twenty of many, with how to see the rest', () => {
    const lines = fileLines(63);
    expect(lines[0]).toBe('files (63, 63 KiB)');
    expect(lines).toHaveLength(22);
    expect(lines.at(-2)).toBe('  1 KiB  19.js');
    expect(lines.at(-1)).toBe('  … and 43 more, which --json lists');
  });
});
