import { describe, expect, it } from '@jest/globals';
import type { VmFileNode } from '../../../src/vmfile/node.js';
import { parse, problemsIn, stubProvisioners } from '../../support/vmfile.js';

/** What `read` makes of a node `provision "x"` with this content. */
async function read<T>(content: string, reader: (node: VmFileNode) => T): Promise<T> {
  let result: { readonly value: T } | undefined;
  const decode = (node: VmFileNode): void => {
    result = { value: reader(node) };
  };
  await parse(file(content), stubProvisioners({ x: decode }));
  if (result === undefined) throw new Error('The node was not read.');
  return result.value;
}

/** The problems of such a node; its content begins in line 2, column 1. */
function problems(content: string, decode: (node: VmFileNode) => unknown): Promise<string[]> {
  return problemsIn(file(content), stubProvisioners({ x: decode }));
}

const file = (content: string) => `vm a image=i { ssh; provision "x" {\n${content}\n} }`;

describe('a reader of settings', () => {
  it('gives the value of a child node or a property', async () => {
    expect(
      await read('t "text"; n 1.5; i 3; b #true; w two; p "dir/file"', (node) => ({
        string: node.string('t'),
        number: node.number('n'),
        integer: node.integer('i'),
        boolean: node.boolean('b'),
        oneOf: node.oneOf('w', ['one', 'two']),
        path: node.path('p'),
      })),
    ).toEqual({
      string: 'text',
      number: 1.5,
      integer: 3,
      boolean: true,
      oneOf: 'two',
      path: '/project/dir/file',
    });
  });

  it('gives undefined for what is not there', async () => {
    expect(
      await read('', (node) => [
        node.string('a'),
        node.number('a'),
        node.integer('a'),
        node.boolean('a'),
        node.oneOf('a', ['b']),
        node.path('a'),
        node.strings('a'),
        node.map('a'),
        node.child('a'),
        node.argument(1),
      ]),
    ).toEqual(Array(10).fill(undefined));
  });

  it('says what is required', async () => {
    expect(
      await problems('', (node) => {
        node.string('s', { required: true });
        node.boolean('b', { required: true });
        node.oneOf('w', ['one', 'two'], { required: true });
      }),
    ).toEqual([
      '1:21 provision "x" needs "b" (Add it: b #true)',
      '1:21 provision "x" needs "s" (Add it: s "…")',
      '1:21 provision "x" needs "w" (Add it: w "one" or "two")',
    ]);
  });

  it.each<[string, (node: VmFileNode) => unknown, string]>([
    ['v 1', (node) => node.string('v'), '"v" must be text, not 1 (Put it in quotes: "1")'],
    ['v 1.50', (node) => node.string('v'), '"v" must be text, not 1.5 (Put it in quotes: "1.50")'],
    ['v #null', (node) => node.string('v'), '"v" must be text, not #null (Put it in quotes: "null")'],
    ['v a', (node) => node.number('v'), '"v" must be a number, not "a"'],
    ['v "1.5"', (node) => node.number('v'), '"v" must be a number, not "1.5" (Write it without quotes: 1.5)'],
    ['v #inf', (node) => node.number('v'), '"v" must be a finite number, not #inf'],
    ['v 1.5', (node) => node.integer('v'), '"v" must be a whole number, not 1.5'],
    ['v 1e300', (node) => node.integer('v'), '"v" is too large: 1e300'],
    ['v yes', (node) => node.boolean('v'), '"v" must be #true or #false, not "yes" (Write #true)'],
    ['v 0', (node) => node.boolean('v'), '"v" must be #true or #false, not 0 (Write #false)'],
    ['v maybe', (node) => node.boolean('v'), '"v" must be #true or #false, not "maybe"'],
    ['v 1', (node) => node.oneOf('v', ['a']), '"v" must be text, not 1 (Put it in quotes: "1")'],
    ['v b', (node) => node.oneOf('v', ['a', 'c']), '"v" must be "a" or "c", not "b"'],
    ['v ab', (node) => node.oneOf('v', ['a', 'c']), '"v" must be "a" or "c", not "ab" (Did you mean "a"?)'],
    ['v ""', (node) => node.path('v'), '"v" must be a path, and is empty'],
  ])('refuses a value of the wrong type: %s', async (written, reader, problem) => {
    expect(await problems(written, reader)).toEqual([`2:3 ${problem}`]);
  });

  it("puts the reader's own complaint after the setting's name", async () => {
    expect(
      await problems('v "x"', (node) => node.string('v', { check: (value) => `must not be ${value}` })),
    ).toEqual(['2:3 "v" must not be x']);
  });

  it("leaves the reader's own complaint alone when it is a sentence", async () => {
    expect(await problems('v "x"', (node) => node.string('v', { check: () => 'That is wrong.' }))).toEqual([
      '2:3 That is wrong.',
    ]);
  });

  it('gives no value that was complained about', async () => {
    const values: unknown[] = [];
    await problems('v "x"', (node) => values.push(node.string('v', { check: () => 'must not be' })));
    expect(values).toEqual([undefined]);
  });
});

describe('a reader of lists', () => {
  it('gives all arguments of all nodes of that name, numbers as they are written', async () => {
    expect(await read('v "--fast" 1 1.0 0x1F 007 -0 1_000 +5\nv bare', (node) => node.strings('v'))).toEqual([
      '--fast',
      '1',
      '1.0',
      '0x1F',
      '007',
      '-0',
      '1_000',
      '+5',
      'bare',
    ]);
  });

  it('takes a property as a list of one', async () => {
    expect(await read('n v="x"', (node) => node.child('n')?.strings('v'))).toEqual(['x']);
  });

  it.each([
    ['v', ['2:1 "v" needs a value (Write v "…")']],
    ['v #true', ['2:3 "v" must be text, not #true (Put it in quotes: "true")']],
    ['v a b=1', ['2:5 unknown setting "b" in v (There is nothing to set in v.)']],
  ])('refuses %s', async (written, expected) => {
    expect(await problems(written, (node) => node.strings('v'))).toEqual(expected);
  });
});

describe('a reader of maps', () => {
  it('gives child nodes and properties, numbers as they are written', async () => {
    const map = await read('env A="1" B=2.0 { C "x"; D 0x10; __proto__ "y" }', (node) => node.map('env'));
    expect(Object.entries(map ?? {})).toEqual([
      ['C', 'x'],
      ['D', '0x10'],
      ['__proto__', 'y'],
      ['A', '1'],
      ['B', '2.0'],
    ]);
  });

  it.each([
    ['env "A=1"', ['2:5 unexpected argument "A=1" in env']],
    ['env { A }', ['2:7 "A" needs a value (Write A "…")']],
    ['env { A 1 2 }', ['2:11 "A" takes one value only']],
    ['env { A 1; A 2 }', ['2:12 "A" is given twice in env (Keep one of them.)']],
    ['env A=1 { A 2 }', ['2:5 "A" is given twice in env (Keep the property or the child node.)']],
    ['env { A #false }', ['2:9 "A" must be text, not #false (Put it in quotes: "false")']],
    ['env { A { B 1 } }', ['2:7 "A" needs a value (Write A "…")']],
    ['env A=1\nenv B=2', ['3:1 "env" is given twice in provision "x" (Keep one of them.)']],
  ])('refuses %s', async (written, expected) => {
    expect(await problems(written, (node) => node.map('env'))).toEqual(expected);
  });
});

describe('a reader of nodes', () => {
  it('gives child nodes, with their arguments', async () => {
    expect(
      await read('n a b { m c }', (node) => {
        const child = node.child('n');
        return {
          name: child?.name,
          arguments: child?.arguments,
          values: [child?.argument(0), child?.argument(1)],
          m: child?.string('m'),
          has: [child?.has('m'), child?.has('o')],
          baseDir: child?.baseDir,
        };
      }),
    ).toEqual({
      name: 'n',
      arguments: ['a', 'b'],
      values: ['a', 'b'],
      m: 'c',
      has: [true, false],
      baseDir: '/project',
    });
  });

  it('refuses a second node where there is one', async () => {
    expect(await problems('n\nn', (node) => node.child('n'))).toEqual([
      '3:1 "n" is given twice in provision "x" (Keep one of them.)',
    ]);
  });

  it('gives all nodes of a name where there may be several', async () => {
    expect(
      await read('n a; m; n b', (node) => {
        node.child('m');
        return node.children('n').map((child) => child.argument(0));
      }),
    ).toEqual(['a', 'b']);
  });

  it('reports what nobody read in nodes that were handed out', async () => {
    expect(
      await problems('n a b c=1 { d 2 }', (node) => {
        node.child('n')?.argument(0);
      }),
    ).toEqual([
      '2:5 unexpected argument "b" in n "a"',
      '2:7 unknown setting "c" in n "a" (There is nothing to set in n "a".)',
      '2:13 unknown setting "d" in n "a" (There is nothing to set in n "a".)',
    ]);
  });

  it('does not take a question for reading', async () => {
    expect(await problems('n 1', (node) => node.has('n'))).toEqual([
      '2:1 unknown setting "n" in provision "x" (Did you mean "n"?)',
    ]);
  });

  it('says which argument is missing or no text', async () => {
    expect(
      await problems('n 1', (node) => {
        const child = node.child('n');
        child?.argument(0, { what: 'source' });
        child?.argument(1, { required: true });
        child?.argument(2, { required: true, what: 'mode' });
      }),
    ).toEqual([
      '2:1 n lacks its argument 2 (Write n "…")',
      '2:1 n lacks its mode (Write n "…")',
      '2:3 the source must be text, not 1 (Put it in quotes: "1")',
    ]);
  });
});

describe('a problem of the reader', () => {
  it('is shown at the part of the node that it is about', async () => {
    expect(
      await problems('n a b=1 { c 2 }', (node) => {
        const child = node.child('n');
        child?.problem('name');
        child?.problem('argument', { at: { kind: 'argument', index: 0 } });
        child?.problem('property', { at: { kind: 'setting', name: 'b' }, hint: 'h' });
        child?.problem('child', { at: { kind: 'setting', name: 'c' } });
        child?.problem('nothing', { at: { kind: 'setting', name: 'd' } });
        child?.problem('no argument', { at: { kind: 'argument', index: 9 } });
      }),
    ).toEqual([
      '2:1 name',
      '2:1 no argument',
      '2:1 nothing',
      '2:3 argument',
      '2:7 property (h)',
      '2:13 child',
    ]);
  });
});
