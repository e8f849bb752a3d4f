import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { NO_REGISTRY, PluginsHome } from '../support/plugins-home.js';

let at: PluginsHome;

beforeAll(async () => {
  at = await PluginsHome.create();
});

afterAll(async () => {
  await at?.remove();
});

describe('what cannot be installed is said in one error, and nothing of it is kept:', () => {
  afterEach(async () => {
    expect(await at.installed()).toEqual([]);
    expect(await at.kept()).toEqual([]);
  });

  it('a package that does not exist', async () => {
    const { stdout, stderr, code } = await at.run(['install', '@acme/nowhere']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toMatch(
      /^Error: The registry has no such package: .*@acme%2fnowhere.*\n\[VMCTL_PLUGIN_NOT_FOUND\]\nTry: /,
    );
    expect(stderr.trimEnd().split('\n')).toHaveLength(3);
  });

  it('a version that does not exist', async () => {
    await at.publish({ name: '@acme/young' });
    expect(await at.failure(['install', '@acme/young@^9'])).toMatchObject({
      code: 'VMCTL_PLUGIN_NOT_FOUND',
      hint: expect.stringContaining('npm view @acme/young versions'),
    });
  });

  it('a path at which there is nothing', async () => {
    expect(await at.failure(['install', './nothing.tgz'])).toMatchObject({
      code: 'VMCTL_PLUGIN_NOT_FOUND',
      message: expect.stringContaining(join(at.home.project, 'nothing.tgz')),
    });
  });

  it('a file that is no tarball', async () => {
    await at.home.write('hello', 'garbage.tgz');
    expect(await at.failure(['install', 'garbage.tgz'])).toMatchObject({
      code: 'VMCTL_PLUGIN_INTEGRITY',
      hint: expect.stringContaining('npm pack'),
    });
  });

  it('a git repository that is none', async () => {
    const error = await at.failure(['install', `git+file://${at.home.project}`]);
    expect(error.code).toBe('VMCTL_PLUGIN_NPM_FAILED');
    expect(error.message).toMatch(/^git failed: /);
  });

  it('a registry that does not answer', async () => {
    expect(await at.failure(['install', '@acme/any'], NO_REGISTRY)).toMatchObject({
      code: 'VMCTL_PLUGIN_REGISTRY_UNREACHABLE',
      message: expect.stringContaining('127.0.0.1:1'),
      exit: 3,
    });
  });

  it('a registry that is out of order', async () => {
    await withServer(
      (_, response) => response.writeHead(503).end(),
      async (url) => {
        const error = await at.failure(['install', '@acme/any'], { ...NO_REGISTRY, VMCTL_NPM_REGISTRY: url });
        expect(error.code).toBe('VMCTL_PLUGIN_REGISTRY_UNREACHABLE');
      },
    );
  });

  it('a tarball that is not the one that the registry describes', async () => {
    const folder = await at.write({ name: '@acme/tampered' });
    await at.registry.npm(['pack', `--pack-destination=${at.home.root}`], folder);
    const tarball = await readFile(join(at.home.root, 'acme-tampered-1.0.0.tgz'));
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
        const error = await at.failure(['install', '@acme/tampered'], {
          ...NO_REGISTRY,
          VMCTL_NPM_REGISTRY: url,
        });
        expect(error.code).toBe('VMCTL_PLUGIN_INTEGRITY');
      },
    );
  });

  it('a package that is no plugin', async () => {
    await at.publish({ name: '@acme/library', vmctl: null });
    expect(await at.failure(['install', '@acme/library'])).toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      message:
        '@acme/library 1.0.0 is not a plugin of vmctl: its package.json has no "vmctl" field. It was not installed.',
    });
  });

  it('a folder that is not built, with how to build it', async () => {
    const vmctl = { apiVersion: 1, entry: './dist/plugin.js' };
    const folder = await at.write({ name: '@acme/sources', vmctl });
    expect(await at.failure(['install', folder])).toMatchObject({
      code: 'VMCTL_PLUGIN_INVALID',
      message: expect.stringContaining('its entry ./dist/plugin.js is not in the package'),
      hint: expect.stringContaining(`npm run build in ${folder}`),
    });
    await at.publish({ name: '@acme/packed', vmctl });
    expect((await at.failure(['install', '@acme/packed'])).hint).toContain('npm pack --dry-run');
  });

  it('a plugin for another vmctl, with the version that fits', async () => {
    await at.publish({ name: '@acme/moved-on', version: '1.4.0' });
    await at.publish({ name: '@acme/moved-on', version: '1.10.0' });
    await at.publish({
      name: '@acme/moved-on',
      version: '2.0.0',
      vmctl: { apiVersion: 99, entry: './plugin.js' },
    });
    expect(await at.failure(['install', '@acme/moved-on'])).toMatchObject({
      code: 'VMCTL_PLUGIN_API_VERSION',
      message: expect.stringContaining('plugin API 99'),
      hint: expect.stringContaining('vmctl plugins install @acme/moved-on@1.10.0'),
    });
  });

  it('two plugins of which one is good', async () => {
    const good = await at.write({ name: '@acme/good' });
    const bad = await at.write({ name: '@acme/bad', vmctl: { apiVersion: 1, entry: '' } });
    expect((await at.failure(['install', good, bad])).code).toBe('VMCTL_PLUGIN_INVALID');
  });

  it('nothing, and an option that there is not', async () => {
    expect((await at.run(['install'])).code).toBe(2);
    expect((await at.run(['install', '--frobnicate'])).code).toBe(2);
  });
});

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
