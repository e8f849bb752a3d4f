import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { errorOf, parse } from '../../support/vmfile.js';
import { formatVmFile } from '../../../src/vmfile/format-vmfile.js';
import { NodeReader } from '../../../src/vmfile/node-reader.js';
import type { ProvisionerLookup } from '../../../src/vmfile/read-provision.js';

const root = join(import.meta.dirname, '../../../../..');

/** What the types' own settings are is checked where the types are. */
const anyType: ProvisionerLookup = {
  find: () =>
    Promise.resolve({
      decode(node) {
        if (node instanceof NodeReader) node.excuse();
      },
    }),
  installed: () => [],
};

interface Example {
  readonly place: string;
  /** What follows the name of the language: nothing, or `fragment`. The name of a file is nothing, too. */
  readonly mark: string;
  readonly text: string;
}

/** The KDL in a page. */
function examplesIn(path: string): Example[] {
  const page = readFileSync(join(root, path), 'utf8');
  return [...page.matchAll(/^( *)```kdl *(.*)\n([^]*?)^ *```$/gm)].map((match) => {
    const [, indent = '', info = '', text = ''] = match;
    const mark = info === 'VMFile.kdl' ? '' : info;
    const line = page.slice(0, match.index).split('\n').length;
    return { place: `${path}:${line}`, mark, text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), '') };
  });
}

const pages = ['README.md', ...globSync('{docs/**,packages/core/help}/*.md', { cwd: root })];
const examples = pages.flatMap(examplesIn);

/** What shows how a VMFile is written. */
const formatted = [
  ...[...pages, ...globSync('examples/*/README.md', { cwd: root })].flatMap(examplesIn),
  ...['examples/**/*.kdl', 'packages/core/templates/**/*.kdl']
    .flatMap((pattern) => globSync(pattern, { cwd: root, exclude: ['**/node_modules'] }))
    .map((path) => ({ place: path, text: readFileSync(join(root, path), 'utf8') })),
];

/** What stands in a `vm` node, with what it leaves out. */
function complete(fragment: string): string {
  const image = /^image/m.test(fragment) ? '' : 'image "disk.qcow2"\n';
  const login = /^(cloud-init|ssh)/m.test(fragment) ? '' : 'cloud-init\n';
  const others = [...fragment.matchAll(/^depends-on ([^\n]*?)(?: until=.*)?$/gm)]
    .flatMap(([, names = '']) => names.match(/"[^"]+"/g) ?? [])
    .map((name) => `vm ${name} image="disk.qcow2"\n`);
  return `vm "example" {\n${image}${login}${fragment}}\n${others.join('')}`;
}

describe('the VMFiles of the documentation', () => {
  it.each(examples.filter(({ mark }) => mark === '').map(({ place, text }) => [place, text]))(
    'are valid: %s',
    async (_, text) => {
      await expect(parse(text, anyType)).resolves.toBeDefined();
    },
  );

  it.each(examples.filter(({ mark }) => mark === 'fragment').map(({ place, text }) => [place, text]))(
    'are valid within a VM: %s',
    async (_, text) => {
      await expect(parse(complete(text), anyType)).resolves.toBeDefined();
    },
  );

  it('are all of them looked at', () => {
    expect(examples.map(({ mark }) => mark).filter((mark) => !['', 'fragment'].includes(mark))).toEqual([]);
    expect(examples.length).toBeGreaterThan(10);
  });

  it.each(formatted.map(({ place, text }) => [place, text]))('are formatted: %s', async (place, text) => {
    expect(await formatVmFile(text, `${place}.kdl`)).toBe(text);
  });

  it('include the examples of the repository', async () => {
    const files = globSync('examples/**/VMFile.kdl', { cwd: root });
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      await expect(parse(readFileSync(join(root, file), 'utf8'), anyType)).resolves.toBeDefined();
    }
    expect(formatted.map(({ place }) => place)).toEqual(expect.arrayContaining(files));
  });
});

describe('the VMFile reference', () => {
  const reference = readFileSync(join(root, 'docs/reference/vmfile.md'), 'utf8');

  it('has every setting of a VM', async () => {
    const { problems } = await errorOf(parse('vm a image=x { nonsense }'));
    const [, known = ''] = /Known here: (.*)\./.exec(problems[0]?.hint ?? '') ?? [];
    expect(known.split(', ').length).toBeGreaterThan(10);
    for (const setting of known.split(', ')) expect(reference).toContain(`| [\`${setting}\`](#`);
  });

  it('shows a report as vmctl prints it', async () => {
    const { message } = await errorOf(
      parse(
        'vm "web" {\n\n    image x\n    memroy 2048\n\n    network user {\n        forward host=80800 guest=80\n    }\n}',
      ),
    );
    expect(reference).toContain(message.replace('/project/', '/home/me/project/'));
  });
});
