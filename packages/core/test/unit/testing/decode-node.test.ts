import { describe, expect, it } from '@jest/globals';
import type { VmFileNode } from '../../../src/vmfile/node.js';
import { decodeStep, decodeVmNode } from '../../../src/testing/decode-node.js';

const nix = {
  type: 'nix',
  decode: (node: VmFileNode) => ({
    flake: node.path('flake', { required: true }),
    jobs: node.integer('jobs'),
  }),
};

describe('decodeStep', () => {
  it('gives what a provisioner makes of its node', async () => {
    const options = { baseDir: '/srv', homeDir: '/home/you' };
    expect(await decodeStep('provision "nix" name="system" { flake "a"; jobs 4 }', nix, options)).toEqual({
      value: { flake: '/srv/a', jobs: 4 },
      problems: [],
    });
    expect((await decodeStep('provision nix flake="~/b"', nix, options)).value?.flake).toBe('/home/you/b');
  });

  it('gives problems with their places in the text', async () => {
    const { problems } = await decodeStep('provision "nix" {\n  jobs "many"\n  flaek "x"\n}', nix);
    expect(problems).toEqual([
      { line: 1, column: 1, message: 'provision "nix" needs "flake"', hint: 'Add it: flake "…"' },
      { line: 2, column: 8, message: '"jobs" must be a whole number, not "many"' },
      {
        line: 3,
        column: 3,
        message: 'unknown setting "flaek" in provision "nix"',
        hint: 'Did you mean "flake"?',
      },
    ]);
  });

  it('gives errors of syntax as problems, and calls nobody', async () => {
    const { value, problems } = await decodeStep('provision "nix', nix);
    expect(value).toBeUndefined();
    expect(problems).toHaveLength(1);
  });

  it('passes on what decode throws', async () => {
    const error = new TypeError('a fault');
    const faulty = {
      type: 'nix',
      decode: (): never => {
        throw error;
      },
    };
    await expect(decodeStep('provision nix', faulty)).rejects.toBe(error);
  });
});

describe('decodeVmNode', () => {
  const labels = {
    name: 'label',
    decode: (nodes: readonly VmFileNode[]) => nodes.map((node) => node.argument(0, { what: 'text' })),
  };

  it('gives what a plugin makes of all its nodes', async () => {
    expect(await decodeVmNode('label "a"\nvcpus 2\nlabel "b"', labels)).toEqual({
      value: ['a', 'b'],
      problems: [],
    });
  });

  it('gives problems with their places in the text', async () => {
    expect((await decodeVmNode('label 5\nlabels "b"', labels)).problems).toEqual([
      { line: 1, column: 7, message: 'the text must be text, not 5', hint: 'Put it in quotes: "5"' },
      {
        line: 2,
        column: 1,
        message: 'unknown setting "labels" in vm "vm"',
        hint: 'Did you mean "label"?',
      },
    ]);
  });
});
