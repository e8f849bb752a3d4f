import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { childrenOf } from '../support/child-processes.js';
import { writePluginPackage } from '../support/plugin-package.js';
import { repositoryRoot, VmctlHome } from '../support/vmctl-home.js';

const name = '@acme/vmctl-provisioner-hello';

let home: VmctlHome;
let folder: string;
/** A registry that takes requests and never answers. */
let silent: Server;
let silentUrl: string;

beforeEach(async () => {
  home = await VmctlHome.create();
  folder = join(home.root, 'hello');
  await writeVersion('1.0.0');
  expect((await home.vmctl('plugins', 'install', folder)).code).toBe(0);
  silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  silentUrl = `http://127.0.0.1:${(silent.address() as { port: number }).port}/`;
});

afterEach(async () => {
  silent.closeAllConnections();
  silent.close();
  await home.remove();
});

const writeVersion = (version: string): Promise<string> =>
  writePluginPackage({ name, version, directory: folder });

/** The versions of the plugin that are there, and usable. */
async function versions(): Promise<(string | null)[]> {
  const { plugins } = (await home.json('plugins')) as {
    plugins: { name: string; version: string | null; problem: unknown; contributes: unknown }[];
  };
  return plugins.map((plugin) =>
    plugin.problem === null && plugin.contributes !== null ? plugin.version : null,
  );
}

/** Every directory of the store, used or not. */
const kept = (): Promise<string[]> => readdir(join(home.dataDir, 'plugins/packages'));

/** Begins an installation that waits for its registry. */
async function startStuck() {
  const asked = once(silent, 'request');
  const command = home.start(['plugins', 'install', '@acme/never'], {
    env: { VMCTL_NPM_REGISTRY: silentUrl },
  });
  await asked;
  return command;
}

describe('an installation that is ended', () => {
  it('with SIGKILL, with its npm, leaves the old plugins; the next one removes what it left', async () => {
    const command = await startStuck();
    const npms = await childrenOf(command.pid);
    expect(npms).toHaveLength(1);
    for (const pid of [command.pid, ...npms]) process.kill(pid, 'SIGKILL');
    expect((await command.done).signal).toBe('SIGKILL');

    expect(await versions()).toEqual(['1.0.0']);
    expect(await kept()).toContainEqual(expect.stringMatching(/^\.new-/));
    await writeVersion('1.1.0');
    expect((await home.vmctl('plugins', 'install', folder)).code).toBe(0);
    expect(await versions()).toEqual(['1.1.0']);
    expect(await kept()).not.toContainEqual(expect.stringMatching(/^\.new-/));
  });

  it('by Ctrl-C ends its npm, says so, and leaves nothing', async () => {
    const command = await startStuck();
    const [npm] = await childrenOf(command.pid);
    const before = await kept();
    expect(before).toHaveLength(2);
    command.kill('SIGINT');
    const { code, stderr } = await command.done;
    expect(code).toBe(130);
    expect(stderr).toContain('[VMCTL_INTERRUPTED]');
    expect(existsSync(`/proc/${npm}`)).toBe(false);
    expect(await versions()).toEqual(['1.0.0']);
    expect(await kept()).toHaveLength(1);
  });

  it('at any write of its own leaves the old version or the new one, and never stands in the way', async () => {
    const preload = pathToFileURL(join(repositoryRoot, 'test/fixtures/kill-at-write.mjs')).href;
    const seen = new Set<'old' | 'new'>();
    let killed = 0;
    for (let at = 1; ; at += 1) {
      await writeVersion(`1.0.${at}`);
      const [before] = await versions();
      const command = home.start(['plugins', 'install', folder], {
        env: { NODE_OPTIONS: `--import=${preload}`, KILL_AT_WRITE: String(at) },
      });
      const { signal, code } = await command.done;
      const after = await versions();
      expect(after).toHaveLength(1);
      if (signal === null) {
        expect({ code, after }).toEqual({ code: 0, after: [`1.0.${at}`] });
        break;
      }
      killed += 1;
      expect([before, `1.0.${at}`]).toContain(after[0]);
      seen.add(after[0] === before ? 'old' : 'new');
    }
    // The directories, what stands for core, the package's own name, the list, and the lock.
    expect(killed).toBeGreaterThan(10);
    expect(seen).toEqual(new Set(['old', 'new']));
    // The version in use, and the one that it replaced.
    expect((await kept()).length).toBeLessThanOrEqual(2);
  }, 300_000);
});

describe('two changes at a time', () => {
  it('are made one after the other, and both are there', async () => {
    const others = await Promise.all(
      ['@acme/one', '@acme/two', '@acme/three'].map((each) =>
        writePluginPackage({ name: each, directory: join(home.root, each) }),
      ),
    );
    const ended = await Promise.all(others.map((other) => home.vmctl('plugins', 'install', other)));
    expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      others.map(() => ({ code: 0, stderr: '' })),
    );
    expect(await versions()).toHaveLength(4);
  });

  it('wait for each other only as long as the first one lives', async () => {
    const stuck = await startStuck();
    const npms = await childrenOf(stuck.pid);
    const waiting = home.start(['plugins', 'uninstall', name]);
    for (const pid of [stuck.pid, ...npms]) process.kill(pid, 'SIGKILL');
    expect((await waiting.done).code).toBe(0);
    expect(await versions()).toEqual([]);
    await stuck.done;
  });
});
