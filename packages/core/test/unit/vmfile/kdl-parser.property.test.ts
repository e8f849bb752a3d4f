import { type Node, parse as parseOther } from '@bgotink/kdl';
import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { parseKdl } from '../../../src/vmfile/kdl-parser.js';
import type { KdlNode } from '../../../src/vmfile/kdl-tree.js';
import { Locator } from '../../../src/vmfile/locator.js';
import { anyChange, anyStyle, anyText, type TextNode, writeKdl } from '../../support/kdl-text.js';

const text = anyText.filter((each) => !each.includes('\0'));
const value = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.double().filter((number) => !Object.is(number, -0)),
);

const { nodes: documents } = fc.letrec<{ nodes: TextNode[] }>((tie) => ({
  nodes: fc.array(
    fc.record({
      name: text,
      values: fc.array(value, { maxLength: 3 }),
      properties: fc.dictionary(
        text.filter((key) => key !== '__proto__'),
        value,
        { maxKeys: 3 },
      ),
      children: fc.oneof({ maxDepth: 4, withCrossShrink: true }, fc.constant([]), tie('nodes')),
    }),
    { maxLength: 4 },
  ),
}));

/** The tree without what a writer does not tell. */
const plain = ({ name, values, properties, children }: KdlNode): unknown => ({
  name,
  values,
  properties: { ...properties },
  children: children.map(plain),
});

const plainOther = (node: Node): unknown => ({
  name: node.getName(),
  values: node.getArguments(),
  properties: Object.fromEntries(node.getProperties()),
  children: (node.children?.nodes ?? []).map(plainOther),
});

/** Milliseconds; many texts on a busy machine. */
const LONG = 60_000;

describe('the parser', () => {
  it(
    'reads every document that can be written',
    () => {
      fc.assert(
        fc.property(documents, anyStyle, (nodes, style) => {
          const result = parseKdl(writeKdl(nodes, style));
          expect(result).toMatchObject({ ok: true });
          if (result.ok) expect(result.nodes.map(plain)).toEqual(nodes.map((node) => ({ ...node })));
        }),
        { numRuns: 300 },
      );
    },
    LONG,
  );

  it(
    'accepts nothing that the parser that finds places reads otherwise',
    () => {
      fc.assert(
        fc.property(documents, anyStyle, fc.array(anyChange, { maxLength: 3 }), (nodes, style, changes) => {
          const source = changes.reduce((before, change) => change(before), writeKdl(nodes, style));
          const result = parseKdl(source);
          if (!result.ok) return;
          expect({ source, located: Locator.create(source, result.nodes) !== undefined }).toEqual({
            source,
            located: true,
          });
          if (result.faithful)
            expect(result.nodes.map(plain)).toEqual(parseOther(source).nodes.map(plainOther));
        }),
        { numRuns: 1000 },
      );
    },
    LONG,
  );

  it(
    'has a place for every node that it reads',
    () => {
      fc.assert(
        fc.property(documents, anyStyle, (nodes, style) => {
          const source = writeKdl(nodes, style);
          const result = parseKdl(source);
          if (!result.ok) throw new Error('The document was refused.');
          const locator = Locator.create(source, result.nodes);
          for (const [index, { values, properties }] of result.nodes.entries()) {
            const path = [index];
            expect(locator?.range({ path, part: { kind: 'name' } })).toBeDefined();
            for (const at of values.keys()) {
              expect(locator?.range({ path, part: { kind: 'argument', index: at } })).toBeDefined();
            }
            for (const name of Object.keys(properties)) {
              const range = locator?.range({ path, part: { kind: 'property-name', name } });
              expect(source.slice(range?.end).startsWith('=')).toBe(true);
            }
          }
        }),
        { numRuns: 200 },
      );
    },
    LONG,
  );
});

describe('the tree', () => {
  it.each([
    ['a b=1 c 2', true],
    ['a b=1 b=2', false],
    ['a __proto__=1', false],
    ['a /-b=1', false],
    ['a 1.0', false],
    ['a 0x10', false],
    ['a 1_000', false],
    ['a 9007199254740993', false],
    ['a -1.5 1e+21', true],
    ['a "b=1 1.0"', true],
  ])('says all that %s says: %s', (source, faithful) => {
    expect(parseKdl(source)).toMatchObject({ ok: true, faithful });
  });
});
