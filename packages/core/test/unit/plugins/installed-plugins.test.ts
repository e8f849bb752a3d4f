import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readInstalledPlugins } from '../../../src/plugins/installed-plugins.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vmctl-installed-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function list(plugins: unknown): Promise<void> {
  await writeFile(join(directory, 'package.json'), JSON.stringify({ oclif: { schema: 1, plugins } }));
}

async function pkg(root: string, content: object): Promise<string> {
  await mkdir(root, { recursive: true });
  await writeFile(join(root, 'package.json'), JSON.stringify(content));
  return root;
}

const vmctl = { apiVersion: 1, entry: './plugin.js' };

describe('the installed plugins', () => {
  it('are none where nothing was ever installed', () => {
    expect(readInstalledPlugins(join(directory, 'nowhere'))).toEqual({ packages: [], broken: [] });
  });

  it('are found beside the list, in directories of their own, and where they are linked from', async () => {
    const beside = await pkg(join(directory, 'node_modules/@acme/one'), {
      name: '@acme/one',
      version: '1.0.0',
      vmctl,
    });
    const own = await pkg(join(directory, 'installed/two/node_modules/two'), {
      name: 'two',
      version: '2.0.0',
      vmctl,
    });
    const linked = await pkg(join(directory, 'checkouts/three'), { name: 'three', version: '3.0.0', vmctl });
    await list([
      { name: '@acme/one', type: 'user', tag: 'latest' },
      { name: 'two', type: 'user', root: join(directory, 'installed/two') },
      { name: 'three', type: 'link', root: linked },
    ]);
    const { packages, broken } = readInstalledPlugins(directory);
    expect(broken).toEqual([]);
    expect(packages).toMatchObject([
      { name: '@acme/one', version: '1.0.0', root: beside, origin: 'user', tag: 'latest', vmctl },
      { name: 'two', version: '2.0.0', root: own, origin: 'user', vmctl },
      { name: 'three', version: '3.0.0', root: linked, origin: 'link', vmctl },
    ]);
  });

  it('are whole beside one that is broken', async () => {
    await pkg(join(directory, 'node_modules/good'), { name: 'good', version: '1.0.0' });
    await list([{ name: 'gone', type: 'user' }, 'good', { type: 'user' }, 7]);
    const { packages, broken } = readInstalledPlugins(directory);
    expect(packages.map(({ name }) => name)).toEqual(['good']);
    expect(broken).toMatchObject([
      {
        package: { name: 'gone', root: join(directory, 'node_modules/gone') },
        problem: { code: 'VMCTL_PLUGIN_UNREADABLE', hint: expect.stringContaining('plugins install gone') },
      },
    ]);
  });

  it.each([
    ['is cut off', '{ "oclif":'],
    ['is no object', '[]'],
  ])('are one problem when their list %s', async (_how, text) => {
    await writeFile(join(directory, 'package.json'), text);
    expect(readInstalledPlugins(directory)).toMatchObject({
      packages: [],
      broken: [{ problem: { code: 'VMCTL_PLUGIN_LIST_CORRUPT' } }],
    });
  });

  it.each([[{}], [{ oclif: {} }], [{ oclif: { plugins: {} } }]])(
    'are none for the list %j',
    async (content) => {
      await writeFile(join(directory, 'package.json'), JSON.stringify(content));
      expect(readInstalledPlugins(directory)).toEqual({ packages: [], broken: [] });
    },
  );
});
