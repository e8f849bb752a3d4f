import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startHttpProxy } from '../support/http-proxy.js';
import { NO_REGISTRY, PluginsHome } from '../support/plugins-home.js';

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

/** Writes `~/.npmrc` for one test. */
async function withNpmrc(content: string, work: () => Promise<void>): Promise<void> {
  const path = join(at.home.root, '.npmrc');
  await writeFile(path, content);
  try {
    await work();
  } finally {
    await writeFile(path, at.registry.npmrc);
  }
}

describe('plugins install from', () => {
  it('a tarball, by a relative path and without a network', async () => {
    const folder = await at.write({ name: '@acme/packed' });
    await at.registry.npm(['pack', `--pack-destination=${at.home.project}`], folder);
    const { stdout, stderr, code } = await at.run(['install', 'acme-packed-1.0.0.tgz'], NO_REGISTRY);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toContain('@acme/packed 1.0.0: provisioner hello');
    expect(await at.home.json('plugins', 'inspect', '@acme/packed')).toMatchObject({
      from: `file:${join(at.home.project, 'acme-packed-1.0.0.tgz')}`,
      integrity: expect.stringMatching(/^sha512-/),
    });
  });

  it('the URL of a tarball', async () => {
    await at.publish({ name: '@acme/by-url' });
    const { code } = await at.run(['install', `${at.registry.url}@acme/by-url/-/by-url-1.0.0.tgz`]);
    expect(code).toBe(0);
    expect(await at.installed()).toEqual(['@acme/by-url 1.0.0 installed']);
  });

  it('a folder, which is copied; an update takes it as it is then', async () => {
    const folder = await at.write({ name: '@acme/folder' });
    expect((await at.run(['install', folder], NO_REGISTRY)).code).toBe(0);
    await at.write({ name: '@acme/folder', version: '1.0.1', directory: folder });
    expect(await at.installed()).toEqual(['@acme/folder 1.0.0 installed']);
    expect((await at.run(['update'], NO_REGISTRY)).stdout).toBe('@acme/folder 1.0.0 → 1.0.1\n');
    expect(await at.installed()).toEqual(['@acme/folder 1.0.1 installed']);
  });

  it('a git repository, and says which commit it has', async () => {
    const url = await gitRepository(await at.write({ name: '@acme/from-git' }));
    const { stderr, code } = await at.run(['install', url], NO_REGISTRY);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(await at.home.json('plugins', 'inspect', '@acme/from-git')).toMatchObject({
      from: url,
      resolved: expect.stringMatching(/#[0-9a-f]{40}$/),
    });
  });

  it('a git repository that has to be built, only with --run-scripts', async () => {
    const folder = await at.write({
      name: '@acme/built',
      vmctl: { apiVersion: 1, entry: './built.js', contributes: { provisioners: ['hello'] } },
      fields: { scripts: { prepare: 'cp plugin.js built.js' } },
    });
    const url = await gitRepository(folder);
    expect(await at.failure(['install', url], NO_REGISTRY)).toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      hint: expect.stringContaining('--run-scripts'),
    });
    expect(await at.kept()).toEqual([]);
    expect((await at.run(['install', url, '--run-scripts'], NO_REGISTRY)).code).toBe(0);
    expect(await at.installed()).toEqual(['@acme/built 1.0.0 installed']);
  });

  it('the registry that VMCTL_NPM_REGISTRY names, whatever ~/.npmrc says', async () => {
    await at.publish({ name: '@acme/by-variable' });
    await withNpmrc('registry=http://127.0.0.1:1/\nfetch-retries=0\n', async () => {
      const spec = '@acme/by-variable';
      expect((await at.failure(['install', spec])).code).toBe('VMCTL_PLUGIN_REGISTRY_UNREACHABLE');
      expect((await at.run(['install', spec], { VMCTL_NPM_REGISTRY: at.registry.url })).code).toBe(0);
    });
  });

  it("the registry of npm's environment", async () => {
    await at.publish({ name: '@acme/by-environment' });
    await withNpmrc('', async () => {
      expect((await at.run(['install', '@acme/by-environment'], at.registry.env)).code).toBe(0);
    });
  });

  it('a registry for users only, with the token of ~/.npmrc', async () => {
    await at.publish({ name: '@private/plugin' });
    expect(await at.failure(['install', '@private/plugin'])).toMatchObject({
      code: 'VMCTL_PLUGIN_ACCESS_DENIED',
      hint: expect.stringContaining('npm login'),
      exit: 3,
    });
    await withNpmrc(at.registry.npmrc + at.registry.credentials, async () => {
      expect((await at.run(['install', '@private/plugin'])).code).toBe(0);
    });
  });

  it('a registry that is behind the proxy of ~/.npmrc', async () => {
    await at.publish({ name: '@acme/behind-a-proxy' });
    const proxy = await startHttpProxy('registry.invalid', at.registry.url);
    try {
      const npmrc = `${at.registry.npmrc}registry=http://registry.invalid/\nproxy=${proxy.url}\n`;
      await withNpmrc(npmrc, async () => {
        const { stderr, code } = await at.run(['install', '@acme/behind-a-proxy']);
        expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
      });
      expect(await at.installed()).toEqual(['@acme/behind-a-proxy 1.0.0 installed']);
      // The tarball may come from npm's cache: its checksum is known.
      expect(proxy.asked).toContain('http://registry.invalid/@acme%2fbehind-a-proxy');
    } finally {
      await proxy.stop();
    }
  });
});

describe('install scripts', () => {
  const withScript = { scripts: { postinstall: 'echo ran > ran.txt' } };
  const files = async (): Promise<string[]> => {
    const { files: all } = (await at.home.json('plugins', 'inspect', '@acme/scripted')) as {
      files: { path: string }[];
    };
    return all.map(({ path }) => path);
  };

  it('do not run', async () => {
    const folder = await at.write({ name: '@acme/scripted', fields: withScript });
    await at.run(['install', folder]);
    expect(await files()).toEqual(['package.json', 'plugin.js']);
  });

  it('run with --run-scripts, and then in updates too', async () => {
    const folder = await at.write({ name: '@acme/scripted', fields: withScript });
    await at.run(['install', folder, '--run-scripts']);
    expect(await files()).toContain('ran.txt');
    await at.run(['update']);
    expect(await files()).toContain('ran.txt');
  });
});

/** A bare repository with the folder in it; gives its URL for npm. */
async function gitRepository(folder: string): Promise<string> {
  const identity = ['-c', 'user.name=tester', '-c', 'user.email=tester@localhost'];
  const git = (...args: string[]) =>
    promisify(execFile)('git', [...identity, ...args], { cwd: folder, env: at.home.env });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message=Begin');
  const bare = `${folder}.git`;
  await git('clone', '--quiet', '--bare', '.', bare);
  return `git+file://${bare}`;
}
