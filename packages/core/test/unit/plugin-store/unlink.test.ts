import { describe, expect, it } from '@jest/globals';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcessTable } from '../../../src/host/process-table.js';
import { PluginStore } from '../../../src/plugin-store/plugin-store.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const NAME = '@acme/nix';
const INSTALLED = '@acme+nix@1.2.0-0a0b0c0d';
const at = (path: string) => join(directory.path, path);

/** The store, in which nothing needs npm. */
const store = () =>
  new PluginStore({
    directory: at('plugins'),
    exec: () => Promise.reject(new Error('No program is needed here.')),
    env: {},
    processes: createProcessTable(),
    coreVersion: '0.1.0',
  });
const options = () => ({ cwd: directory.path, signal: new AbortController().signal });

async function writePlugin(path: string, version: string): Promise<void> {
  await mkdir(at(path), { recursive: true });
  await writeFile(at(`${path}/plugin.js`), '');
  await writeFile(
    at(`${path}/package.json`),
    JSON.stringify({
      name: NAME,
      version,
      type: 'module',
      vmctl: { apiVersion: 1, entry: './plugin.js', contributes: { provisioners: ['nix'] } },
    }),
  );
}

async function install(): Promise<void> {
  const root = at(`plugins/packages/${INSTALLED}`);
  await writePlugin(`plugins/packages/${INSTALLED}/node_modules/${NAME}`, '1.2.0');
  await writeFile(
    at('plugins/package.json'),
    JSON.stringify({ oclif: { plugins: [{ name: NAME, type: 'user', root, tag: '^1.2' }] } }),
  );
}

describe('a linked plugin', () => {
  it('is unlinked, and the installed one in whose place it was is there as before', async () => {
    await install();
    const before = await store().entries();
    await writePlugin('first', '2.0.0');
    await writePlugin('second', '3.0.0');
    await store().link('first', options());
    // Every change removes what nobody needs any more.
    await store().link('second', options());
    expect(await store().entries()).toMatchObject([{ name: NAME, type: 'link', root: at('second') }]);

    expect(await store().uninstall(['second'], options())).toEqual({
      removed: [NAME],
      restored: [{ name: NAME, version: '1.2.0' }],
    });
    expect(await store().entries()).toEqual(before);
    expect(await readdir(at('plugins/packages'))).toEqual([INSTALLED]);
  });

  it('leaves nothing where none was installed', async () => {
    await writePlugin('first', '2.0.0');
    await store().link('first', options());
    await store().link('first', options());
    expect(await store().uninstall([NAME], options())).toEqual({ removed: [NAME], restored: [] });
    expect(await store().entries()).toEqual([]);
  });

  it('brings nothing back of another name', async () => {
    await mkdir(at('plugins'));
    const insteadOf = { name: 'other', type: 'user', root: at('elsewhere') };
    await writeFile(
      at('plugins/package.json'),
      JSON.stringify({ oclif: { plugins: [{ name: NAME, type: 'link', root: at('first'), insteadOf }] } }),
    );
    expect(await store().uninstall([NAME], options())).toEqual({ removed: [NAME], restored: [] });
  });
});
