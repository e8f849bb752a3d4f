import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseKdl } from '../../../src/vmfile/kdl-parser.js';
import type { KdlParseResult } from '../../../src/vmfile/kdl-tree.js';
import { anyChange, anyStyle, writeKdl } from '../../support/kdl-text.js';

const root = join(import.meta.dirname, '../../../../..');
/** Milliseconds; many texts on a busy machine. */
const LONG = 60_000;

let directory: string;
let parseBundled: (text: string) => KdlParseResult;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vmctl-test-'));
  await promisify(execFile)(process.execPath, [join(root, 'scripts/bundle.mjs'), '--outdir', directory]);
  ({ parseKdl: parseBundled } = await import(join(directory, 'kdl-parser.js')));
}, LONG);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** One of every token, and of every rule of the grammar. */
const SAMPLE = `/- kdl-version 2
(t)vm "web" #"raw"# ##"""
  m
  """## b=(u)1 c = #true /-d=2 /- e { // f
  g 0x1F 0o7 0b1 -1.5e3 .. #null #inf #-inf #nan; h "\\u{1F600}\\n\\s" """
    two
      lines
    """ \\ // i
    j
  /- k { l }
  m { }
} /-{ n } /* o /* p */ */
`;

describe('the bundled parser', () => {
  it(
    'parses as the plain one does, good texts and bad ones',
    () => {
      expect(parseBundled(SAMPLE)).toMatchObject({ ok: true });
      fc.assert(
        fc.property(
          anyStyle,
          fc.array(anyChange, { maxLength: 4 }),
          fc.boolean(),
          (style, changes, sample) => {
            const nodes = [
              { name: 'a', values: ['x', 1], properties: { p: true }, children: [{ name: 'b c' }] },
            ];
            const text = changes.reduce(
              (before, change) => change(before),
              sample ? SAMPLE : writeKdl([...nodes, ...nodes], style),
            );
            expect({ text, result: parseBundled(text) }).toEqual({ text, result: parseKdl(text) });
          },
        ),
        {
          numRuns: 1000,
          examples: [[{ bareWords: true, indent: '', newline: '\n', raw: false, comments: false }, [], true]],
        },
      );
    },
    LONG,
  );

  it.each([
    '',
    'a',
    'a #"b',
    'a #"""\n  b\n c\n  """#',
    'a ##"""\n  b """##',
    'a """\n b\n  """',
    'a {'.repeat(100),
    'a b c d\n'.repeat(200_000),
    '#'.repeat(10_000),
  ])('finds the same, at the same place: case %#', (text) => {
    expect(parseBundled(text)).toEqual(parseKdl(text));
  });

  it('is one module, with the licences of what is in it beside it', async () => {
    const code = await readFile(join(directory, 'kdl-parser.js'), 'utf8');
    expect(code).not.toMatch(/\b(?:from|import)\s*\(?["']/);
    const licences = await readFile(join(directory, 'kdl-parser.licenses.txt'), 'utf8');
    for (const name of ['kdljs', 'chevrotain', 'lodash-es']) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
    }
  });
});
