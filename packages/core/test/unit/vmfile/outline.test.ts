import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outlineVmFile } from '../../../src/vmfile/outline.js';
import { parseKdl } from '../../../src/vmfile/kdl-parser.js';
import type { KdlNode } from '../../../src/vmfile/kdl-tree.js';
import { anyStyle, writeKdl } from '../../support/kdl-text.js';

const repository = join(import.meta.dirname, '../../../../..');

describe('the outline of a VMFile', () => {
  it('has the VMs and their steps, with the names that vmctl gives', () => {
    const text = `// vm "comment" {}
vm "web" image="x" {
  provision "shell" name="setup" { inline "}" "vm \\"no\\"" }
  provision "shell" { inline "x" }; provision file { name "site" }
  network "user" { forward host=80 guest=80 }
}
/* vm "in a comment" { } */
vm db
vm #"raw"# { provision "shell" { inline """
  vm "text" {
  """ } }
`;
    expect(outlineVmFile(text)).toEqual([
      { name: 'web', steps: ['setup', 'shell-2', 'site'] },
      { name: 'db', steps: [] },
      { name: 'raw', steps: ['shell-1'] },
    ]);
  });

  it('leaves out what stands behind a slash-dash', () => {
    const text = `/- vm "out" { provision "shell" name="never" }
vm "web" /-image="x" {
  /- provision "shell" name="gone"
  provision "shell" /-name="first"
}
vm "db" /- { provision "shell" }`;
    expect(outlineVmFile(text)).toEqual([
      { name: 'web', steps: ['shell-1'] },
      { name: 'db', steps: [] },
    ]);
  });

  it.each([
    ['', []],
    ['vm "web" { provision "shell" name="a', ['web']],
    ['vm "web" {\n vm "inner" }}}\n = = vm', ['web']],
    ['vm', []],
    ['/-', []],
  ])('reads as far as it can: %j', (text, names) => {
    expect(outlineVmFile(text).map(({ name }) => name)).toEqual(names);
  });

  it('agrees with the parser on every VMFile of the documentation', () => {
    const texts = globSync('{docs,examples}/**/*.{md,kdl}', { cwd: repository })
      .filter((path) => !path.includes('node_modules'))
      .flatMap((path) => kdlTexts(path, readFileSync(join(repository, path), 'utf8')));
    expect(texts.length).toBeGreaterThan(10);
    for (const text of texts) {
      const parsed = parseKdl(text);
      const names = parsed.ok ? parsed.nodes.flatMap((node) => vmName(node)) : [];
      expect({ text, names: outlineVmFile(text).map(({ name }) => name) }).toEqual({ text, names });
    }
  });

  it('does not depend on how a file is written', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const vms = fc.uniqueArray(fc.record({ name, steps: fc.uniqueArray(name) }), {
      selector: (vm) => vm.name,
    });
    fc.assert(
      fc.property(vms, anyStyle, (wanted, style) => {
        const nodes = wanted.map((vm) => ({
          name: 'vm',
          values: [vm.name],
          children: vm.steps.map((step) => ({
            name: 'provision',
            values: ['shell'],
            properties: { name: step },
            children: [{ name: 'inline', values: ['vm "x" { }'] }],
          })),
        }));
        expect(outlineVmFile(writeKdl(nodes, style))).toEqual(wanted);
      }),
    );
  });
});

/** The VMFiles in a page, or the file itself. */
function kdlTexts(path: string, content: string): string[] {
  if (path.endsWith('.kdl')) return [content];
  return [...content.matchAll(/^```kdl\n([^]*?)^```/gm)].map(([, text = '']) => text);
}

function vmName({ name, values }: KdlNode): string[] {
  const [first] = values;
  return name === 'vm' && typeof first === 'string' ? [first] : [];
}
