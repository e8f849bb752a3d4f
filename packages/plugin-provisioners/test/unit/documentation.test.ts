import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { useTemporaryDirectory } from '../../../core/test/support/temporary-directory.js';
import { parseText } from '../support/vmfile.js';

const root = join(import.meta.dirname, '../../../..');
const pages = [
  'docs/provisioners/shell.md',
  'docs/provisioners/file.md',
  'packages/plugin-provisioners/README.md',
];

/** Makes what an example names, so that it is right where its author has it. */
async function makeSources(text: string, directory: string): Promise<void> {
  for (const [, path = ''] of text.matchAll(/(?:script|source) "([^"]+)"/g)) {
    const full = join(directory, path);
    await mkdir(path.endsWith('/') ? full : dirname(full), { recursive: true });
    if (!path.endsWith('/')) await writeFile(full, '#!/bin/sh\n');
  }
}

describe.each(pages)('the examples in %s', (page) => {
  const directory = useTemporaryDirectory();

  it('are valid', async () => {
    const blocks = [
      ...(await readFile(join(root, page), 'utf8')).matchAll(/```kdl( fragment)?\n([\s\S]*?)```/g),
    ];
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, fragment, example = ''] of blocks) {
      await makeSources(example, directory.path);
      const text =
        fragment === undefined ? example : `vm "web" {\nimage "disk.qcow2"\ncloud-init\n${example}}\n`;
      const { vms } = await parseText(text, directory.path);
      expect(vms[0]?.provision.length).toBeGreaterThan(0);
    }
  });
});
