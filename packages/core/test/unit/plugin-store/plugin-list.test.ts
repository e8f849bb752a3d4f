import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPluginList, writePluginList } from '../../../src/plugin-store/plugin-list.js';

describe('the list of plugins', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vmctl-list-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  const write = (content: unknown) => writeFile(join(directory, 'package.json'), JSON.stringify(content));
  const written = async () => JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));

  it('is empty where nothing was installed', async () => {
    expect(await readPluginList(join(directory, 'none'))).toEqual({ entries: [], document: {} });
  });

  it('is read as @oclif/plugin-plugins writes it', async () => {
    await write({
      oclif: {
        schema: 1,
        plugins: [
          'old-style',
          { name: '@acme/a', type: 'user', tag: '^1.0.0' },
          { name: '@acme/b', type: 'link', root: '/src/b' },
        ],
      },
    });
    const { entries } = await readPluginList(directory);
    expect(entries).toEqual([
      { name: 'old-style', type: 'user', tag: 'latest' },
      { name: '@acme/a', type: 'user', tag: '^1.0.0' },
      { name: '@acme/b', type: 'link', root: '/src/b' },
    ]);
  });

  it('keeps what others wrote into the file, and into entries', async () => {
    await write({
      name: 'x',
      theirs: 1,
      oclif: { schema: 1, also: 2, plugins: [{ name: 'a', type: 'user', more: 3 }] },
    });
    const list = await readPluginList(directory);
    await writePluginList(directory, list, list.entries);
    expect(await written()).toEqual({
      name: 'x',
      theirs: 1,
      private: true,
      oclif: { schema: 1, also: 2, plugins: [{ name: 'a', type: 'user', more: 3 }] },
    });
  });

  it("keeps npm's record as long as a plugin is in the node_modules beside it", async () => {
    await write({ dependencies: { a: '1' }, oclif: { plugins: [{ name: 'a', type: 'user' }] } });
    const list = await readPluginList(directory);
    await writePluginList(directory, list, list.entries);
    expect(await written()).toHaveProperty('dependencies', { a: '1' });
    await writePluginList(directory, list, [{ name: 'a', type: 'user', root: '/elsewhere' }]);
    expect(await written()).not.toHaveProperty('dependencies');
  });

  it.each([
    ['is no JSON', '{'],
    ['is a list', '[]'],
    ['has no list', '{"oclif":{"plugins":{}}}'],
    ['has an entry without a name', '{"oclif":{"plugins":[{"type":"user"}]}}'],
  ])('is refused when it %s', async (_, content) => {
    await writeFile(join(directory, 'package.json'), content);
    await expect(readPluginList(directory)).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_LIST_CORRUPT',
      message: expect.stringContaining(join(directory, 'package.json')),
    });
  });
});
