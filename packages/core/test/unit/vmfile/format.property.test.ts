import { type Node, parse as parseOther } from '@bgotink/kdl';
import fc from 'fast-check';
import { lexer } from 'kdljs/src/parser/kdl.js';
import { describe, expect, it } from '@jest/globals';
import { formatVmFile } from '../../../src/vmfile/format-vmfile.js';
import { parseKdl } from '../../../src/vmfile/kdl-parser.js';
import { kdlPieces } from '../../../src/vmfile/kdl-pieces.js';
import { anyChange } from '../../support/kdl-text.js';

/** What may stand between two words of a node. */
const blank = fc.constantFrom(
  ' ',
  '   ',
  '\t',
  '\u00a0',
  ' /* { */ ',
  ' /* one\n   two\n\n three */ ',
  ' \\\n',
  ' \\ \n  \\\n',
  ' \\ // on\r\n\t',
  ' \\ /* a */ // b\n',
);
const maybeBlank = fc.oneof(fc.constant(''), blank);
const word = fc.constantFrom(
  'a',
  'b-c',
  '漢',
  '"x y"',
  '"{ ; // }"',
  '"a\\"b"',
  '"a \\\n    b"',
  '#"raw " /* "#',
  '##"a"#b"##',
  '""',
);
const lines = fc.constantFrom(
  '"""\n    one\n\n      two\n    """',
  '"""\r\n\tone\r\n  \t\r\n\ttwo\r\n\t"""',
  '"""\n"""',
  '"""\n  a "" \\" b\\n\n  """',
  '"""\n  a \\\n     b\n  """',
  '#"""\n  \\s // no comment\n   """ more\n  """#',
);
const value = fc.oneof(
  word,
  lines,
  fc.constantFrom('1', '-1.50', '0x1f', '1_000', '#true', '#null', '#-inf'),
);
const type = fc.oneof({ weight: 4, arbitrary: fc.constant('') }, fc.constantFrom('(u8)', '("a b")'));
const argument = fc.tuple(type, value).map((parts) => parts.join(''));
const property = fc.tuple(word, fc.constant('='), argument).map((parts) => parts.join(''));
const entry = fc
  .tuple(fc.constantFrom('', '', '', '/-', '/- '), fc.oneof(argument, property))
  .map((parts) => parts.join(''));
const nodeEnd = fc.constantFrom(
  '\n',
  '\r\n',
  ';',
  ' ; ',
  ';\n',
  '\n\n\n',
  ' // end\n',
  '; /* x */',
  ' /* y */\n',
  ' \\\n\n',
);
const between = fc.constantFrom(
  '',
  '',
  ' ',
  '\n',
  '\n\n\n\t\n',
  '// alone  \n',
  '\t/* alone\n\t   still */\n',
  '/* in front */ ',
  '/- ',
);

const { document } = fc.letrec<{ document: string; node: string; block: string }>((tie) => ({
  document: fc
    .array(fc.tuple(between, tie('node'), nodeEnd), { maxLength: 4 })
    .chain((nodes) => between.map((last) => nodes.flat().join('') + last.replace('/- ', ''))),
  block: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('', '{}', '{ \n\n }', '{ a }', '{a;b;}', '{ /* only */ }', '{ // only\n }'),
    fc
      .tuple(fc.constantFrom('{', '/-{', '{\n'), tie('document'), fc.constant('}'))
      .map((parts) => parts.join('')),
  ),
  node: fc
    .tuple(type, word, fc.array(fc.tuple(blank, entry), { maxLength: 3 }), maybeBlank, tie('block'))
    .map((parts) => parts.flat(2).join('')),
}));

/** KDL, and what is left of it after some changes. */
const anyKdl = fc
  .tuple(document, fc.array(anyChange, { maxLength: 3 }))
  .map(([text, changes]) => changes.reduce((before, change) => change(before), text))
  .filter((text) => parseKdl(text).ok);

/** All that is written in a text, comments included, without line ends, blanks and what separates nodes. */
function written(text: string): string[] {
  return lexer
    .tokenize(text.replace(/^\ufeff/, ''))
    .tokens.filter(({ tokenType: { name = '' } }) => !['SemiColon', 'EscLine', 'BOM'].includes(name))
    .map(({ image }) => image.replaceAll(/\s/g, ''))
    .filter((image) => image !== '');
}

const plain = (node: Node): unknown => ({
  name: node.getName(),
  type: node.getTag(),
  entries: node.entries.map((each) => [each.getName(), each.getTag(), each.getValue()]),
  children: (node.children?.nodes ?? []).map(plain),
});

/** What @bgotink/kdl reads, which takes a semicolon after a hexadecimal number for a part of it. */
const readOtherwise = (text: string): unknown =>
  parseOther(text.replaceAll(/(0x[0-9a-f_]+);/gi, '$1 ;')).nodes.map(plain);

/** Milliseconds; many texts on a busy machine. */
const LONG = 60_000;

/** Checks something of many texts and what they look like formatted. */
function always(check: (text: string, formatted: string) => Promise<void> | void): Promise<void> {
  return fc.assert(
    fc.asyncProperty(anyKdl, async (text) => check(text, await formatVmFile(text, 'VMFile.kdl'))),
    { numRuns: 200 },
  );
}

describe('a formatted file', () => {
  it(
    'says the same, to both parsers',
    () =>
      always((text, formatted) => {
        expect(parseKdl(formatted)).toEqual(parseKdl(text));
        expect(readOtherwise(formatted)).toEqual(readOtherwise(text));
      }),
    LONG,
  );

  it(
    'has every comment and every word in its place',
    () => always((text, formatted) => expect(written(formatted)).toEqual(written(text))),
    LONG,
  );

  it(
    'is formatted already',
    () => always(async (_, formatted) => expect(await formatVmFile(formatted, 'VMFile.kdl')).toBe(formatted)),
    LONG,
  );

  it(
    'has no blanks at the ends of lines outside of text, no empty line at its ends, and never two',
    () =>
      always((_, formatted) => {
        const outside = kdlPieces(formatted)
          .map(({ kind, text }) => (['space', 'newline', 'sign'].includes(kind) ? text : 'x'))
          .join('');
        expect(outside).not.toMatch(/ \n|\t|\r|\n{3}|^\n|\{\n\n|\n\n *\}/);
        expect(formatted).toMatch(/^$|[^\n]\n$/);
      }),
    LONG,
  );
});

describe('the pieces of a text', () => {
  it('are the whole text, whatever it is', () => {
    fc.assert(
      fc.property(fc.tuple(document, fc.array(anyChange, { maxLength: 6 })), ([text, changes]) => {
        const changed = changes.reduce((before, change) => change(before), text);
        expect(
          kdlPieces(changed)
            .map((piece) => piece.text)
            .join(''),
        ).toBe(changed);
      }),
    );
  });
});
