import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PluginsHome } from '../support/plugins-home.js';

let at: PluginsHome;

beforeAll(async () => {
  at = await PluginsHome.create();
});

afterAll(async () => {
  await at?.remove();
});

afterEach(async () => {
  await at.reset();
});

describe('plugins update', () => {
  it('keeps the version that fits when the newest does not, updates the others, and fails', async () => {
    for (const name of ['@acme/steady', '@acme/stuck']) await at.publish({ name });
    expect((await at.run(['install', '@acme/steady', '@acme/stuck'])).code).toBe(0);
    await at.publish({ name: '@acme/steady', version: '1.1.0' });
    await at.publish({
      name: '@acme/stuck',
      version: '2.0.0',
      vmctl: { apiVersion: 99, entry: './plugin.js' },
    });
    const { stdout, stderr, code } = await at.run(['update']);
    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual(['@acme/steady 1.0.0 → 1.1.0', '@acme/stuck 1.0.0: not updated', '']);
    expect(stderr).toContain('[VMCTL_PLUGIN_API_VERSION]');
    expect(await at.installed()).toEqual(['@acme/steady 1.1.0 installed', '@acme/stuck 1.0.0 installed']);
  });
});

describe('plugins install', () => {
  it('warns about a plugin that needs vmctl itself at run time', async () => {
    const folder = await at.write({ name: '@acme/clinging' });
    const entry = join(folder, 'plugin.js');
    await writeFile(
      entry,
      `import { VmctlError } from '@vmctl/core/plugin';\n${await readFile(entry, 'utf8')}`,
    );
    const { stderr, code } = await at.run(['install', folder]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^! @acme\/clinging: .* plugin\.js imports @vmctl\/core\/plugin/);
    await at.run(['uninstall', '@acme/clinging']);
  });
});

describe('plugins link', () => {
  it('takes a plugin that is broken while it is written, and lists it as broken', async () => {
    const folder = await at.write({ name: '@acme/unfinished', vmctl: { apiVersion: 1 } });
    const { stdout, stderr, code } = await at.run(['link', folder]);
    expect({ stdout, code }).toEqual({
      stdout: 'To unlink it: vmctl plugins unlink @acme/unfinished\n',
      code: 0,
    });
    expect(stderr).toContain('"vmctl.entry" is not a path');
    const listed = await at.run([]);
    expect(listed.stdout).toMatch(/@acme\/unfinished +1\.0\.0 +linked +nothing: broken/);
    expect(listed.stderr).toContain('"vmctl.entry" is not a path');
  });

  it('says that the entry is not built yet, and takes the plugin', async () => {
    const folder = await at.write({
      name: '@acme/sources',
      vmctl: { apiVersion: 1, entry: './dist/plugin.js', contributes: { provisioners: ['sources'] } },
    });
    const { stdout, stderr, code } = await at.run(['link', folder]);
    expect({ stdout, code }).toEqual({
      stdout: '@acme/sources 1.0.0: provisioner sources\nTo unlink it: vmctl plugins unlink @acme/sources\n',
      code: 0,
    });
    expect(stderr.split('\n')).toEqual([
      '! @acme/sources: The plugin @acme/sources 1.0.0 is not built: its entry ./dist/plugin.js is not there.',
      `  Build it: npm install && npm run build in ${folder}`,
      '',
    ]);
    await at.run(['unlink', '@acme/sources']);
  });

  it('ends when the plugin is installed, which is said', async () => {
    const folder = await at.write({ name: '@acme/both' });
    await at.run(['link', folder]);
    const { stdout } = await at.run(['install', folder]);
    expect(stdout).toMatch(`@acme/both 1.0.0 (in place of the one linked from ${folder}): `);
    expect(await at.installed()).toEqual(['@acme/both 1.0.0 installed']);
    await at.run(['uninstall', '@acme/both']);
  });

  it('refuses a folder that is no plugin', async () => {
    const library = await at.write({ name: '@acme/library', vmctl: null });
    expect(await at.failure(['link', library])).toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      message: expect.stringContaining('"vmctl" field'),
    });
    expect(await at.failure(['link', at.home.root])).toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      message: `${at.home.root} is not a package: there is no package.json in it.`,
    });
    expect(await at.installed()).toEqual([]);
  });

  it('is not updated, which is said', async () => {
    const folder = await at.write({ name: '@acme/linked' });
    await at.run(['link', folder]);
    expect(await at.failure(['update', '@acme/linked'])).toMatchObject({
      message: expect.stringContaining(folder),
    });
    expect((await at.run(['update'])).stdout).toBe('No plugins are installed.\n');
  });
});

describe('a plugin that is not there', () => {
  it('is not removed or inspected, and the one that is meant is named', async () => {
    await at.run(['link', await at.write({ name: '@acme/hello' })]);
    for (const verb of ['uninstall', 'inspect']) {
      expect(await at.failure([verb, '@acme/helo'])).toMatchObject({
        code: 'VMCTL_PLUGIN_NOT_INSTALLED',
        hint: 'Did you mean "@acme/hello"?',
        exit: 2,
      });
    }
    expect(await at.installed()).toEqual(['@acme/hello 1.0.0 linked']);
  });
});

describe('plugins that @oclif/plugin-plugins installed', () => {
  const beside = () => join(at.home.dataDir, 'plugins/node_modules');

  it('work, and move into directories of their own when they are updated', async () => {
    for (const name of ['@acme/older', '@acme/oldest']) {
      await at.publish({ name });
      await at.write({ name, version: '0.9.0', directory: join(beside(), name) });
    }
    const entries = ['@acme/older', '@acme/oldest'].map((name) => ({ name, type: 'user', tag: 'latest' }));
    await writeFile(
      join(at.home.dataDir, 'plugins/package.json'),
      JSON.stringify({ dependencies: { '@acme/older': '^0.9.0' }, oclif: { schema: 1, plugins: entries } }),
    );
    expect(await at.installed()).toEqual(['@acme/older 0.9.0 installed', '@acme/oldest 0.9.0 installed']);

    expect((await at.run(['update', '@acme/older'])).stdout).toBe('@acme/older 0.9.0 → 1.0.0\n');
    expect(await at.installed()).toEqual(['@acme/older 1.0.0 installed', '@acme/oldest 0.9.0 installed']);

    expect((await at.run(['remove', '@acme/oldest'])).code).toBe(0);
    expect(await at.installed()).toEqual(['@acme/older 1.0.0 installed']);
    expect(existsSync(beside())).toBe(false);
  });
});

describe('a damaged store:', () => {
  it('a plugin whose files are gone is shown as broken, with the command that brings it back', async () => {
    const folder = await at.write({ name: '@acme/lost' });
    await at.run(['install', folder]);
    for (const name of await at.kept())
      await rm(join(at.home.dataDir, 'plugins/packages', name), { recursive: true });
    const { stdout, stderr } = await at.run([]);
    expect(stdout).toMatch(/@acme\/lost +- +installed +nothing: broken/);
    expect(stderr).toContain(`vmctl plugins install file:${folder}`);
    expect((await at.run(['install', `file:${folder}`])).code).toBe(0);
    expect(await at.installed()).toEqual(['@acme/lost 1.0.0 installed']);
  });

  it('a list that is not JSON is never overwritten but by reset', async () => {
    const folder = await at.write({ name: '@acme/any' });
    await at.run(['install', folder]);
    const list = join(at.home.dataDir, 'plugins/package.json');
    await writeFile(list, '{ damaged');
    expect(await at.failure(['install', folder])).toMatchObject({
      code: 'VMCTL_PLUGIN_LIST_CORRUPT',
      hint: expect.stringContaining('vmctl plugins reset'),
    });
    expect(await readFile(list, 'utf8')).toBe('{ damaged');
    expect((await at.run(['reset', '--yes'])).code).toBe(0);
    expect(await at.kept()).toEqual([]);
    expect((await at.run(['install', folder])).code).toBe(0);
  });
});
