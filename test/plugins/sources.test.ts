import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PluginPackageOptions, writePluginPackage } from '../support/plugin-package.js';
import { type Registry, startRegistry } from '../support/registry.js';
import { VmctlHome } from '../support/vmctl-home.js';

const run = promisify(execFile);
/** Nothing listens there; one try is enough. */
const NO_REGISTRY = { VMCTL_NPM_REGISTRY: 'http://127.0.0.1:1/', NPM_CONFIG_FETCH_RETRIES: '0' };

let registry: Registry;
let home: VmctlHome;
let folders = 0;

beforeAll(async () => {
  registry = await startRegistry();
});

afterAll(async () => {
  await registry?.stop();
});

beforeEach(async () => {
  home = await VmctlHome.create();
  await writeFile(join(home.root, '.npmrc'), registry.npmrc);
});

afterEach(async () => {
  await home?.remove();
});

/** Runs `vmctl plugins …`. */
const plugins = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  home.start(['plugins', ...args], { env }).done;

/** Runs it with `--json`, and gives the error. */
async function failure(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { stdout, code } = await plugins([...args, '--json'], env);
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint?: string } };
  return { ...error, exit: code };
}

/** `name version origin` of every plugin. */
async function installed(): Promise<string[]> {
  const { plugins: all } = (await home.json('plugins')) as {
    plugins: { name: string; version: string; origin: string }[];
  };
  return all.map(({ name, version, origin }) => `${name} ${version} ${origin}`);
}

/** What the store holds, whether it is used or not. */
async function kept(): Promise<string[]> {
  const path = join(home.dataDir, 'plugins/packages');
  return existsSync(path) ? readdir(path) : [];
}

const writePlugin = (options: PluginPackageOptions): Promise<string> =>
  writePluginPackage({ directory: join(home.root, `plugin-${(folders += 1)}`), ...options });

async function publish(options: PluginPackageOptions): Promise<void> {
  await registry.publish(await writePlugin(options));
}

/** Serves on loopback while `work` runs. */
async function withServer<T>(
  listener: RequestListener,
  work: (url: string, server: Server) => Promise<T>,
): Promise<T> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  try {
    return await work(`http://127.0.0.1:${port}/`, server);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

describe('plugins install from', () => {
  it('a tarball, by a relative path and without a network', async () => {
    const folder = await writePlugin({ name: '@acme/packed' });
    await registry.npm(['pack', `--pack-destination=${home.project}`], folder);
    const { stdout, stderr, code } = await plugins(['install', 'acme-packed-1.0.0.tgz'], NO_REGISTRY);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toContain('@acme/packed 1.0.0: provisioner hello');
    expect(await home.json('plugins', 'inspect', '@acme/packed')).toMatchObject({
      from: `file:${join(home.project, 'acme-packed-1.0.0.tgz')}`,
      integrity: expect.stringMatching(/^sha512-/),
    });
  });

  it('the URL of a tarball', async () => {
    await publish({ name: '@acme/by-url' });
    const { code } = await plugins(['install', `${registry.url}@acme/by-url/-/by-url-1.0.0.tgz`]);
    expect(code).toBe(0);
    expect(await installed()).toEqual(['@acme/by-url 1.0.0 installed']);
  });

  it('a folder, which is copied; an update takes it as it is then', async () => {
    const folder = await writePlugin({ name: '@acme/folder' });
    expect((await plugins(['install', folder], NO_REGISTRY)).code).toBe(0);
    await writePlugin({ name: '@acme/folder', version: '1.0.1', directory: folder });
    expect(await installed()).toEqual(['@acme/folder 1.0.0 installed']);
    expect((await plugins(['update'], NO_REGISTRY)).stdout).toBe('@acme/folder 1.0.0 → 1.0.1\n');
    expect(await installed()).toEqual(['@acme/folder 1.0.1 installed']);
  });

  it('a git repository, and says which commit it has', async () => {
    const url = await gitRepository(await writePlugin({ name: '@acme/from-git' }));
    const { stderr, code } = await plugins(['install', url], NO_REGISTRY);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(await home.json('plugins', 'inspect', '@acme/from-git')).toMatchObject({
      from: url,
      resolved: expect.stringMatching(/#[0-9a-f]{40}$/),
    });
  });

  it('a git repository that has to be built, only with --run-scripts', async () => {
    const folder = await writePlugin({
      name: '@acme/built',
      vmctl: { apiVersion: 1, entry: './built.js', contributes: { provisioners: ['hello'] } },
      fields: { scripts: { prepare: 'cp plugin.js built.js' } },
    });
    const url = await gitRepository(folder);
    expect(await failure(['install', url], NO_REGISTRY)).toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      hint: expect.stringContaining('--run-scripts'),
    });
    expect(await kept()).toEqual([]);
    expect((await plugins(['install', url, '--run-scripts'], NO_REGISTRY)).code).toBe(0);
    expect(await installed()).toEqual(['@acme/built 1.0.0 installed']);
  });

  it('the registry that VMCTL_NPM_REGISTRY names, whatever ~/.npmrc says', async () => {
    await publish({ name: '@acme/by-variable' });
    await writeFile(join(home.root, '.npmrc'), 'registry=http://127.0.0.1:1/\nfetch-retries=0\n');
    expect((await failure(['install', '@acme/by-variable'])).code).toBe('VMCTL_PLUGIN_REGISTRY_UNREACHABLE');
    expect((await plugins(['install', '@acme/by-variable'], { VMCTL_NPM_REGISTRY: registry.url })).code).toBe(
      0,
    );
  });

  it("the registry of npm's environment", async () => {
    await publish({ name: '@acme/by-environment' });
    await writeFile(join(home.root, '.npmrc'), '');
    expect((await plugins(['install', '@acme/by-environment'], registry.env)).code).toBe(0);
  });

  it('a registry for users only, with the token of ~/.npmrc', async () => {
    await publish({ name: '@private/plugin' });
    expect(await failure(['install', '@private/plugin'])).toMatchObject({
      code: 'VMCTL_PLUGIN_ACCESS_DENIED',
      hint: expect.stringContaining('npm login'),
      exit: 3,
    });
    await writeFile(join(home.root, '.npmrc'), registry.npmrc + registry.credentials);
    expect((await plugins(['install', '@private/plugin'])).code).toBe(0);
  });
});

describe('install scripts', () => {
  const withScript = { scripts: { postinstall: 'echo ran > ran.txt' } };
  const files = async (): Promise<string[]> => {
    const { files: all } = (await home.json('plugins', 'inspect', '@acme/scripted')) as {
      files: { path: string }[];
    };
    return all.map(({ path }) => path);
  };

  it('do not run', async () => {
    const folder = await writePlugin({ name: '@acme/scripted', fields: withScript });
    await plugins(['install', folder]);
    expect(await files()).toEqual(['package.json', 'plugin.js']);
  });

  it('run with --run-scripts, and then in updates too', async () => {
    const folder = await writePlugin({ name: '@acme/scripted', fields: withScript });
    await plugins(['install', folder, '--run-scripts']);
    expect(await files()).toContain('ran.txt');
    await plugins(['update']);
    expect(await files()).toContain('ran.txt');
  });
});

describe('what cannot be installed is said in one error, and nothing of it is kept:', () => {
  afterEach(async () => {
    expect(await installed()).toEqual([]);
    expect(await kept()).toEqual([]);
  });

  it('a package that does not exist', async () => {
    const { stdout, stderr, code } = await plugins(['install', '@acme/nowhere']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toMatch(
      /^Error: The registry has no such package: .*@acme%2fnowhere.*\n\[VMCTL_PLUGIN_NOT_FOUND\]\nTry: /,
    );
    expect(stderr.trimEnd().split('\n')).toHaveLength(3);
  });

  it('a version that does not exist', async () => {
    await publish({ name: '@acme/young' });
    expect(await failure(['install', '@acme/young@^9'])).toMatchObject({
      code: 'VMCTL_PLUGIN_NOT_FOUND',
      hint: expect.stringContaining('npm view @acme/young versions'),
    });
  });

  it('a path at which there is nothing', async () => {
    expect(await failure(['install', './nothing.tgz'])).toMatchObject({
      code: 'VMCTL_PLUGIN_NOT_FOUND',
      message: expect.stringContaining(join(home.project, 'nothing.tgz')),
    });
  });

  it('a file that is no tarball', async () => {
    await home.write('hello', 'garbage.tgz');
    expect(await failure(['install', 'garbage.tgz'])).toMatchObject({
      code: 'VMCTL_PLUGIN_INTEGRITY',
      hint: expect.stringContaining('npm pack'),
    });
  });

  it('a git repository that is none', async () => {
    const error = await failure(['install', `git+file://${home.project}`]);
    expect(error.code).toBe('VMCTL_PLUGIN_NPM_FAILED');
    expect(error.message).toMatch(/^git failed: /);
  });

  it('a registry that does not answer', async () => {
    expect(await failure(['install', '@acme/any'], NO_REGISTRY)).toMatchObject({
      code: 'VMCTL_PLUGIN_REGISTRY_UNREACHABLE',
      message: expect.stringContaining('127.0.0.1:1'),
      exit: 3,
    });
  });

  it('a registry that is out of order', async () => {
    await withServer(
      (_, response) => response.writeHead(503).end(),
      async (url) => {
        const error = await failure(['install', '@acme/any'], { ...NO_REGISTRY, VMCTL_NPM_REGISTRY: url });
        expect(error.code).toBe('VMCTL_PLUGIN_REGISTRY_UNREACHABLE');
      },
    );
  });

  it('a tarball that is not the one that the registry describes', async () => {
    const folder = await writePlugin({ name: '@acme/tampered' });
    await registry.npm(['pack', `--pack-destination=${home.root}`], folder);
    const tarball = await readFile(join(home.root, 'acme-tampered-1.0.0.tgz'));
    const integrity = `sha512-${createHash('sha512').update('something else').digest('base64')}`;
    await withServer(
      (request, response) => {
        const url = `http://${request.headers.host}/`;
        const dist = { tarball: `${url}tampered.tgz`, integrity };
        const version = { name: '@acme/tampered', version: '1.0.0', dist };
        response.end(
          request.url === '/tampered.tgz'
            ? tarball
            : JSON.stringify({
                name: '@acme/tampered',
                'dist-tags': { latest: '1.0.0' },
                versions: { '1.0.0': version },
              }),
        );
      },
      async (url) => {
        const error = await failure(['install', '@acme/tampered'], {
          ...NO_REGISTRY,
          VMCTL_NPM_REGISTRY: url,
        });
        expect(error.code).toBe('VMCTL_PLUGIN_INTEGRITY');
      },
    );
  });

  it('a package that is no plugin', async () => {
    await publish({ name: '@acme/library', vmctl: null });
    expect(await failure(['install', '@acme/library'])).toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      message:
        '@acme/library 1.0.0 is not a plugin of vmctl: its package.json has no "vmctl" field. It was not installed.',
    });
  });

  it('a plugin for another vmctl, with the version that fits', async () => {
    await publish({ name: '@acme/moved-on', version: '1.4.0' });
    await publish({ name: '@acme/moved-on', version: '1.10.0' });
    await publish({
      name: '@acme/moved-on',
      version: '2.0.0',
      vmctl: { apiVersion: 99, entry: './plugin.js' },
    });
    expect(await failure(['install', '@acme/moved-on'])).toMatchObject({
      code: 'VMCTL_PLUGIN_API_VERSION',
      message: expect.stringContaining('plugin API 99'),
      hint: expect.stringContaining('vmctl plugins install @acme/moved-on@1.10.0'),
    });
  });

  it('two plugins of which one is good', async () => {
    const good = await writePlugin({ name: '@acme/good' });
    const bad = await writePlugin({ name: '@acme/bad', vmctl: { apiVersion: 1, entry: '' } });
    expect((await failure(['install', good, bad])).code).toBe('VMCTL_PLUGIN_INVALID');
  });

  it('nothing, and an option that there is not', async () => {
    expect((await plugins(['install'])).code).toBe(2);
    expect((await plugins(['install', '--frobnicate'])).code).toBe(2);
  });
});

describe('plugins update', () => {
  it('keeps the version that fits when the newest does not, updates the others, and fails', async () => {
    for (const name of ['@acme/steady', '@acme/stuck']) await publish({ name });
    expect((await plugins(['install', '@acme/steady', '@acme/stuck'])).code).toBe(0);
    await publish({ name: '@acme/steady', version: '1.1.0' });
    await publish({ name: '@acme/stuck', version: '2.0.0', vmctl: { apiVersion: 99, entry: './plugin.js' } });
    const { stdout, stderr, code } = await plugins(['update']);
    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual(['@acme/steady 1.0.0 → 1.1.0', '@acme/stuck 1.0.0: not updated', '']);
    expect(stderr).toContain('[VMCTL_PLUGIN_API_VERSION]');
    expect(await installed()).toEqual(['@acme/steady 1.1.0 installed', '@acme/stuck 1.0.0 installed']);
  });
});

describe('plugins link', () => {
  it('takes a plugin that is broken while it is written, and lists it as broken', async () => {
    const folder = await writePlugin({ name: '@acme/unfinished', vmctl: { apiVersion: 1 } });
    const { stdout, stderr, code } = await plugins(['link', folder]);
    expect({ stdout, code }).toEqual({
      stdout: 'To unlink it: vmctl plugins unlink @acme/unfinished\n',
      code: 0,
    });
    expect(stderr).toContain('"vmctl.entry" is not a path');
    const listed = await plugins([]);
    expect(listed.stdout).toMatch(/@acme\/unfinished +1\.0\.0 +linked +nothing: broken/);
    expect(listed.stderr).toContain('"vmctl.entry" is not a path');
  });

  it('refuses a folder that is no plugin', async () => {
    const library = await writePlugin({ name: '@acme/library', vmctl: null });
    expect(await failure(['link', library])).toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      message: expect.stringContaining('"vmctl" field'),
    });
    expect(await failure(['link', home.root])).toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      message: `${home.root} is not a package: there is no package.json in it.`,
    });
    expect(await installed()).toEqual([]);
  });

  it('is not updated, which is said', async () => {
    const folder = await writePlugin({ name: '@acme/linked' });
    await plugins(['link', folder]);
    expect(await failure(['update', '@acme/linked'])).toMatchObject({
      message: expect.stringContaining(folder),
    });
    expect((await plugins(['update'])).stdout).toBe('No plugins are installed.\n');
  });
});

describe('a plugin that is not there', () => {
  it('is not removed or inspected, and the one that is meant is named', async () => {
    await plugins(['link', await writePlugin({ name: '@acme/hello' })]);
    for (const verb of ['uninstall', 'inspect']) {
      expect(await failure([verb, '@acme/helo'])).toMatchObject({
        code: 'VMCTL_PLUGIN_NOT_INSTALLED',
        hint: 'Did you mean "@acme/hello"?',
        exit: 2,
      });
    }
    expect(await installed()).toEqual(['@acme/hello 1.0.0 linked']);
  });
});

describe('plugins that @oclif/plugin-plugins installed', () => {
  const beside = () => join(home.dataDir, 'plugins/node_modules');

  it('work, and move into directories of their own when they are updated', async () => {
    for (const name of ['@acme/older', '@acme/oldest']) {
      await publish({ name });
      await writePlugin({ name, version: '0.9.0', directory: join(beside(), name) });
    }
    const entries = ['@acme/older', '@acme/oldest'].map((name) => ({ name, type: 'user', tag: 'latest' }));
    await writeFile(
      join(home.dataDir, 'plugins/package.json'),
      JSON.stringify({ dependencies: { '@acme/older': '^0.9.0' }, oclif: { schema: 1, plugins: entries } }),
    );
    expect(await installed()).toEqual(['@acme/older 0.9.0 installed', '@acme/oldest 0.9.0 installed']);

    expect((await plugins(['update', '@acme/older'])).stdout).toBe('@acme/older 0.9.0 → 1.0.0\n');
    expect(await installed()).toEqual(['@acme/older 1.0.0 installed', '@acme/oldest 0.9.0 installed']);

    expect((await plugins(['remove', '@acme/oldest'])).code).toBe(0);
    expect(await installed()).toEqual(['@acme/older 1.0.0 installed']);
    expect(existsSync(beside())).toBe(false);
  });
});

describe('a damaged store:', () => {
  it('a plugin whose files are gone is shown as broken, with the command that brings it back', async () => {
    const folder = await writePlugin({ name: '@acme/lost' });
    await plugins(['install', folder]);
    for (const name of await kept()) await run('rm', ['-r', join(home.dataDir, 'plugins/packages', name)]);
    const { stdout, stderr } = await plugins([]);
    expect(stdout).toMatch(/@acme\/lost +- +installed +nothing: broken/);
    expect(stderr).toContain(`vmctl plugins install file:${folder}`);
    expect((await plugins(['install', `file:${folder}`])).code).toBe(0);
    expect(await installed()).toEqual(['@acme/lost 1.0.0 installed']);
  });

  it('a list that is not JSON is never overwritten but by reset', async () => {
    const folder = await writePlugin({ name: '@acme/any' });
    await plugins(['install', folder]);
    const list = join(home.dataDir, 'plugins/package.json');
    await writeFile(list, '{ damaged');
    expect(await failure(['install', folder])).toMatchObject({
      code: 'VMCTL_PLUGIN_LIST_CORRUPT',
      hint: expect.stringContaining('vmctl plugins reset'),
    });
    expect(await readFile(list, 'utf8')).toBe('{ damaged');
    expect((await plugins(['reset', '--yes'])).code).toBe(0);
    expect(await kept()).toEqual([]);
    expect((await plugins(['install', folder])).code).toBe(0);
  });
});

/** A bare repository with the folder in it; gives its URL for npm. */
async function gitRepository(folder: string): Promise<string> {
  const identity = ['-c', 'user.name=tester', '-c', 'user.email=tester@localhost'];
  const git = (...args: string[]) => run('git', [...identity, ...args], { cwd: folder, env: home.env });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message=Begin');
  const bare = `${folder}.git`;
  await git('clone', '--quiet', '--bare', '.', bare);
  return `git+file://${bare}`;
}
