import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeVmNode } from '@vmctl/core/testing';
import { node } from '../src/node.js';

describe('decode', () => {
  it('reads the file, relative to the VMFile', async () => {
    const { value, problems } = await decodeVmNode('template-word "facts/web.json"', node, {
      baseDir: '/project',
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(value, { file: '/project/facts/web.json' });
  });

  const refused = {
    'a missing file': ['template-word', 1, /lacks its file/],
    'a directory': ['template-word "facts/"', 1, /must be a file/],
    'a second node': ['template-word "a.json"\ntemplate-word "b.json"', 2, /has one "template-word"/],
    'a setting that it does not have': ['template-word "a.json" {\n  format "xml"\n}', 2, /unknown/],
  } as const;
  for (const [what, [text, line, message]] of Object.entries(refused)) {
    it(`refuses ${what}, with its place`, async () => {
      const [problem] = (await decodeVmNode(text, node)).problems;
      assert.equal(problem?.line, line);
      assert.match(problem.message, message);
    });
  }
});
