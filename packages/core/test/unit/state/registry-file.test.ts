import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatRegistry, keepAside, parseRegistry } from '../../../src/state/registry-file.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();

describe('parseRegistry', () => {
  it.each([
    ['', 'it is empty'],
    [' \n', 'it is empty'],
    ['[]', 'not an object'],
    ['null', 'not an object'],
    ['"web"', 'not an object'],
    ['{"web": {},}', 'line 1 column 12'],
    ['{\n  "web": {\n    "id": "q', 'line 3'],
  ])('says what is wrong with %j', (text, reason) => {
    const content = parseRegistry(Buffer.from(text));
    expect(content.corrupt).toContain(reason);
    expect(content.entries.size).toBe(0);
  });

  it('says what is wrong with bytes that are no text', () => {
    expect(parseRegistry(Buffer.from([0x7b, 0xff, 0x7d])).corrupt).toMatch(/utf-8/i);
  });

  it('takes a file with a byte order mark', () => {
    expect([...parseRegistry(Buffer.from('\ufeff{"web":{}}')).entries.keys()]).toEqual(['web']);
  });

  it('gives back what was formatted, whatever the names and entries', () => {
    const names = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', '1', ''));
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue({ noUnicodeString: false })), (object) => {
        const entries = new Map<string, unknown>(Object.entries(JSON.parse(JSON.stringify(object))));
        const read = parseRegistry(Buffer.from(formatRegistry(entries)));
        expect(read.corrupt).toBeUndefined();
        expect(Object.fromEntries(read.entries)).toEqual(Object.fromEntries(entries));
      }),
    );
  });
});

describe('keepAside', () => {
  it('gives the file a second name with the time, and another one each time', async () => {
    const path = join(directory.path, 'vms.json');
    await writeFile(path, 'broken');
    const now = new Date('2026-11-20T13:53:10.123Z');
    expect(await keepAside(path, now)).toBe(`${path}.corrupt-20261120T135310Z`);
    expect(await keepAside(path, now)).toBe(`${path}.corrupt-20261120T135310Z-2`);
    expect((await readdir(directory.path)).sort()).toHaveLength(3);
    expect(await readFile(`${path}.corrupt-20261120T135310Z`, 'utf8')).toBe('broken');
  });
});
