import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcessTable } from '../../packages/core/src/host/process-table.js';
import { until } from '../../packages/core/test/support/until.js';
import { acmeBackend, acmeLibrary } from '../support/acme-plugin.js';
import { childrenOf } from '../support/child-processes.js';
import { JsonSchemas } from '../support/json-schemas.js';
import { tinyDisk } from '../support/noop-project.js';
import { ScriptedRegistry } from '../support/scripted-registry.js';
import { type RunningCommand, VmctlHome } from '../support/vmctl-home.js';

const LIMIT = 120_000;
const NAME = '@acme/vmctl-backend';

let home: VmctlHome;
let registry: ScriptedRegistry;

beforeEach(async () => {
  registry = await ScriptedRegistry.start();
  await registry.publish(...acmeLibrary('1.0.0'));
  await registry.publish(...acmeBackend('1.2.0'));
  home = await VmctlHome.create();
  await project('project', '^1.2', 'web');
}, LIMIT);

afterEach(async () => {
  await registry.stop();
  await home.remove();
}, LIMIT);

/** Makes a directory with a VMFile that needs the plugin. */
async function project(directory: string, range: string, vm: string): Promise<string> {
  const path = join(home.root, directory);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'disk.img'), tinyDisk());
  await writeFile(
    join(path, 'VMFile.kdl'),
    `plugins {\n    require "${NAME}" "${range}"\n}\nvm "${vm}" { image "disk.img"; backend "acme" }\n`,
  );
  return path;
}

function start(
  args: readonly string[],
  cwd = home.project,
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  return home.start(args, {
    cwd,
    env: { NPM_CONFIG_REGISTRY: registry.url, NPM_CONFIG_FETCH_RETRIES: '0', ...env },
  });
}

const vmctl = (...args: readonly string[]) => start(args).done;
const processes = createProcessTable();
const lockFile = () => readFile(join(home.project, 'VMFile.lock'), 'utf8');
const store = () => join(home.dataDir, 'project-plugins');
const stored = async () => (await readdir(store()).catch(() => [])).filter((name) => !name.startsWith('.'));

describe('a VMFile that requires a plugin', () => {
  it('brings it to a new machine with --yes, and pins it with its dependencies and without any address', async () => {
    // A home directory may be a link to a larger disk.
    const data = join(home.root, 'linked-data');
    await mkdir(join(home.root, 'data'), { recursive: true });
    await symlink('data', data);
    const up = await start(['up', '--yes'], home.project, { XDG_DATA_HOME: data }).done;
    expect({ code: up.code, stderr: up.stderr }).toEqual({ code: 0, stderr: '' });
    expect(up.stdout).toContain(`installed ${NAME} 1.2.0`);
    expect(up.stdout).toContain('acme 1.2.0, library 1.0.0');
    const text = await lockFile();
    expect(JSON.parse(text)).toMatchObject({
      lockfileVersion: 1,
      plugins: {
        [NAME]: {
          range: '^1.2',
          version: '1.2.0',
          integrity: expect.stringMatching(/^sha512-/),
          tree: {
            'node_modules/@acme/lib': { version: '1.0.0', integrity: expect.stringMatching(/^sha512-/) },
          },
        },
      },
    });
    expect(text).not.toContain('127.0.0.1');
  });

  it('needs no registry once it is installed, and stays at what is pinned', async () => {
    await vmctl('up', '--yes');
    const before = await lockFile();
    await registry.publish(...acmeBackend('1.3.0'));
    await registry.stop();
    await vmctl('down');
    const again = await vmctl('up');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain('acme 1.2.0');
    expect(await lockFile()).toBe(before);
  });

  it('says what is missing and how to get it when there is nobody to ask, and does nothing', async () => {
    const { code, stderr } = await vmctl('up');
    expect(code).toBe(3);
    expect(stderr).toContain(`VMFile.kdl needs a plugin that is not installed: ${NAME} ^1.2.`);
    expect(stderr).toContain('vmctl up --yes');
    expect(registry.requests).toEqual([]);
    await expect(lockFile()).rejects.toThrow('ENOENT');
    const elsewhere = await start(['up', '--file', 'project/VMFile.kdl'], home.root).done;
    expect(elsewhere.stderr).toContain('vmctl up --file project/VMFile.kdl --yes');
  });

  it('tells what it installs as events', async () => {
    const { stdout } = await vmctl('up', '--yes', '--json');
    const events = stdout
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    expect(events.slice(0, 4)).toMatchObject([
      { type: 'plugin.installing', name: NAME, version: '1.2.0' },
      {
        type: 'plugin.installed',
        name: NAME,
        version: '1.2.0',
        integrity: expect.stringMatching(/^sha512-/),
      },
      { type: 'lockfile.written', path: join(home.project, 'VMFile.lock'), plugins: [NAME] },
      { type: 'run.started' },
    ]);
  });

  it('resolves an outdated pin anew, and not before', async () => {
    await vmctl('up', '--yes');
    await registry.publish(...acmeBackend('2.0.0'));
    await project('project', '^2', 'web');
    expect(await vmctl('up')).toMatchObject({ code: 3, stderr: expect.stringContaining(`${NAME} ^2`) });
    expect(await vmctl('up', '--yes')).toMatchObject({ code: 0 });
    expect(JSON.parse(await lockFile())).toMatchObject({
      plugins: { [NAME]: { range: '^2', version: '2.0.0' } },
    });
  });

  it('installs what the lock file of somebody else pins, the dependencies too', async () => {
    await vmctl('up', '--yes');
    await registry.publish(...acmeLibrary('1.1.0'));
    await registry.publish(...acmeBackend('1.4.0'));
    await vmctl('destroy', 'web', '--yes');
    await rm(store(), { recursive: true });
    const up = await vmctl('up', '--yes', '--frozen');
    expect(up).toMatchObject({ code: 0 });
    expect(up.stdout).toContain('acme 1.2.0, library 1.0.0');
  });

  it('is checked as far as possible by validate, which installs nothing', async () => {
    const { code, stderr, stdout } = await vmctl('validate');
    expect(code).toBe(0);
    expect(stderr).toContain(`The plugin ${NAME} ^1.2 is not there. What it brings was not checked.`);
    expect(stderr).toContain('vmctl up --yes');
    expect(stdout).toContain('is valid');
    expect(registry.requests).toEqual([]);
  });

  it('is named by plan, which installs nothing, and shows no changes once up has', async () => {
    const plan = await vmctl('plan', '--detailed-exitcode');
    expect({ code: plan.code, stderr: plan.stderr }).toEqual({ code: 4, stderr: '' });
    expect(plan.stdout).toContain(`+ plugin ${NAME} ^1.2  would be installed`);
    expect(plan.stdout).toMatch(/\+ web +create/);
    expect(await stored()).toEqual([]);
    await expect(lockFile()).rejects.toMatchObject({ code: 'ENOENT' });

    await vmctl('up', '--yes');
    expect(await vmctl('plan', '--detailed-exitcode')).toMatchObject({ code: 0, stderr: '' });
  });

  it('is not installed for a file with problems', async () => {
    await home.write(`plugins { require "${NAME}" "^1.2" }\nvm "web" { image "disk.img"; vcpus 0 }\n`);
    expect(await vmctl('up', '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('VMFile.kdl:2:'),
    });
    expect(registry.requests).toEqual([]);
  });

  it('can be a folder of the repository, which is neither copied nor pinned', async () => {
    const [manifest, files] = acmeBackend('0.0.1');
    await home.write(JSON.stringify(manifest), 'plugins/acme/package.json');
    await home.write('plugins { require "./plugins/acme" }\nvm "web" { image "disk.img"; backend "acme" }\n');
    const unbuilt = await vmctl('up');
    expect(unbuilt.code).toBe(3);
    expect(unbuilt.stderr).toContain(`npm run build in ${join(home.project, 'plugins/acme')}`);
    await home.write(
      'export const version = "of the folder";',
      'plugins/acme/node_modules/@acme/lib/index.js',
    );
    await home.write(
      '{"name":"@acme/lib","type":"module","exports":"./index.js"}',
      'plugins/acme/node_modules/@acme/lib/package.json',
    );
    await home.write(files['plugin.js'] ?? '', 'plugins/acme/plugin.js');
    expect((await vmctl('up')).stdout).toContain('acme 0.0.1, library of the folder');
    await expect(lockFile()).rejects.toThrow('ENOENT');
    expect(await start(['destroy', 'web', '--yes'], home.root).done).toMatchObject({ code: 0 });
  });
});

describe('--frozen', () => {
  it('refuses to go without a lock file', async () => {
    const { code, stderr } = await vmctl('up', '--frozen', '--yes');
    expect(code).toBe(2);
    expect(stderr).toContain('There is no VMFile.lock.');
    expect(registry.requests).toEqual([]);
  });

  describe('with a lock file', () => {
    let lock: string;
    beforeEach(async () => {
      await vmctl('up', '--yes');
      await vmctl('down');
      lock = await lockFile();
    }, LIMIT);

    it('goes on when everything is as it says, without a network', async () => {
      await registry.stop();
      expect(await vmctl('up', '--frozen')).toMatchObject({ code: 0 });
      expect(await lockFile()).toBe(lock);
    });

    it.each<[string, () => Promise<unknown>, string]>([
      [
        'a range that the pin does not fit',
        () => project('project', '^2', 'web'),
        'pins @acme/vmctl-backend 1.2.0, and the VMFile requires ^2',
      ],
      [
        'a plugin that is not pinned',
        () =>
          home.write(
            `plugins { require "${NAME}" "^1.2"; require "vmctl-other" "1" }\nvm "web" { image "disk.img" }`,
          ),
        'does not pin vmctl-other 1',
      ],
      [
        'a pin that is not required any more',
        () => home.write('vm "web" { image "disk.img"; backend "noop" }'),
        'pins @acme/vmctl-backend, which the VMFile does not require',
      ],
      [
        'installed files that were changed',
        async () => {
          const [name = ''] = await stored();
          await writeFile(join(store(), name, 'node_modules', NAME, 'plugin.js'), '// changed', {
            flag: 'a',
          });
        },
        'were changed after it was installed',
      ],
      [
        'a link in place of the package',
        async () => {
          const [manifest, files] = acmeBackend('9.9.9');
          await home.write(JSON.stringify(manifest), 'mine/package.json');
          await home.write(files['plugin.js'] ?? '', 'mine/plugin.js');
          await vmctl('plugins', 'link', join(home.project, 'mine'));
        },
        'is linked to',
      ],
    ])('refuses %s', async (_, change, message) => {
      await change();
      const { code, stderr } = await vmctl('up', '--frozen', '--yes');
      expect(stderr).toContain(message);
      expect(code).toBe(2);
      expect(await lockFile()).toBe(lock);
    });

    it('refuses an integrity that the registry does not have', async () => {
      await vmctl('destroy', 'web', '--yes');
      const { integrity } = JSON.parse(lock).plugins[NAME];
      await home.write(lock.replace(integrity, `sha512-${'A'.repeat(86)}==`), 'VMFile.lock');
      const { code, stderr } = await vmctl('up', '--frozen', '--yes');
      expect(stderr).toContain('VMCTL_PLUGIN_INTEGRITY');
      expect(code).toBe(1);
    });
  });
});

describe('the store of project plugins', () => {
  it('lets two projects have different versions at once, in one list and from any directory', async () => {
    await registry.publish(...acmeLibrary('1.1.0'));
    await registry.publish(...acmeBackend('2.0.0'));
    const other = await project('other', '^2', 'db');
    await Promise.all([vmctl('up', '--yes'), start(['up', '--yes'], other).done]);
    const list = await start(['list', '--json'], home.root).done;
    expect(JSON.parse(list.stdout).vms).toMatchObject([
      { name: 'db', state: 'running', detail: 'acme 2.0.0' },
      { name: 'web', state: 'running', detail: 'acme 1.2.0' },
    ]);
    expect(await start(['status', 'web'], home.root).done).toMatchObject({ code: 0 });
    expect(await start(['destroy', 'web', 'db', '--yes'], home.root).done).toMatchObject({ code: 0 });
  });

  it('gets a plugin once when two ups want it at once', async () => {
    const second = await project('second', '^1.2', 'db');
    const runs = await Promise.all([vmctl('up', '--yes'), start(['up', '--yes'], second).done]);
    expect(runs).toMatchObject([{ code: 0 }, { code: 0 }]);
    expect(await stored()).toEqual([expect.stringMatching(/^@acme\+vmctl-backend@1\.2\.0-[0-9a-f]{16}$/)]);
    expect(registry.requests.filter((request) => request.endsWith(`${NAME}/-/1.2.0.tgz`))).toHaveLength(1);
  });

  it('refuses a tarball that is not the pinned one, and keeps nothing of it', async () => {
    await vmctl('up', '--yes');
    await vmctl('destroy', 'web', '--yes');
    await rm(store(), { recursive: true });
    await rm(join(home.root, '.npm'), { recursive: true });
    registry.tamper(NAME);
    const { code, stderr } = await vmctl('up', '--yes');
    expect(stderr).toContain('VMCTL_PLUGIN_INTEGRITY');
    expect(code).toBe(1);
    expect(await stored()).toEqual([]);
  });

  it('survives a kill in the middle of an installation: the next up begins anew and cleans up', async () => {
    const held = registry.holdTarballs();
    const killed = start(['up', '--yes']);
    await held.reached;
    const [npm, ...others] = await childrenOf(killed.pid);
    expect(others).toEqual([]);
    killed.kill('SIGKILL');
    await killed.done;
    expect(await stored()).toEqual([]);
    held.release();
    // It outlives vmctl for a moment, and what it writes is the next one's to remove.
    await until('the end of its npm', async () => (await processes.identify(npm ?? 0)) === undefined);
    expect(await vmctl('up', '--yes')).toMatchObject({ code: 0 });
    await vmctl('destroy', 'web', '--yes');
    expect(await readdir(store())).toEqual(await stored());
  });

  it('tells programs of it in events that are as their schema says', async () => {
    const { stdout } = await vmctl('up', '--yes', '--json');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line): { type: string } => JSON.parse(line));
    const schemas = new JsonSchemas({ closed: true });
    expect(events.flatMap((event) => schemas.problems('event', event))).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['plugin.installing', 'plugin.installed', 'lockfile.written', 'run.finished']),
    );
  });

  it('has no copy of core, whatever a plugin says of its peers', async () => {
    await registry.publish({ name: '@vmctl/core', version: '0.1.0' }, { 'index.js': '' });
    await registry.publish(...acmeBackend('1.2.1', { peerDependenciesMeta: {} }));
    expect(await vmctl('up', '--yes')).toMatchObject({ code: 0 });
    const [name = ''] = await stored();
    expect(name).toContain('@1.2.1-');
    await expect(readdir(join(store(), name, 'node_modules/@vmctl'))).rejects.toThrow('ENOENT');
    await registry.publish(
      ...acmeBackend('3.0.0', { dependencies: { '@vmctl/core': '*', '@acme/lib': '1' } }),
    );
    await project('project', '^3', 'web');
    const { code, stderr } = await vmctl('up', '--yes');
    expect(code).toBe(3);
    expect(stderr).toContain('would bring a second copy of it');
    expect(await stored()).toEqual([name]);
  });

  it('pins nothing that is no plugin', async () => {
    await registry.publish({ name: 'left-pad', version: '1.0.0' }, { 'index.js': '' });
    await home.write('plugins { require "left-pad" "1" }\nvm "web" { image "disk.img"; backend "noop" }\n');
    const { code, stderr } = await vmctl('up', '--yes');
    expect(code).toBe(3);
    expect(stderr).toContain('left-pad 1.0.0, which is no plugin of vmctl');
    expect(await vmctl('up', '--yes')).toMatchObject({ code: 3 });
    await expect(lockFile()).rejects.toThrow('ENOENT');
  });
});

describe('a plugin that is there without the project', () => {
  it('is used when the user has installed it and nothing pins it, with a word about that; --yes pins it', async () => {
    expect(await vmctl('plugins', 'install', `${NAME}@1.2.0`)).toMatchObject({ code: 0 });
    await registry.publish(...acmeBackend('1.3.0'));
    const up = await vmctl('up');
    expect(up).toMatchObject({ code: 0 });
    expect(up.stdout).toContain(
      `${NAME} 1.2.0 is the one that you have installed; VMFile.lock does not pin it.`,
    );
    await expect(lockFile()).rejects.toThrow('ENOENT');
    expect(await vmctl('up', '--yes')).toMatchObject({ code: 0 });
    expect(JSON.parse(await lockFile())).toMatchObject({ plugins: { [NAME]: { version: '1.2.0' } } });
    expect(await stored()).toEqual([]);
    expect((await vmctl('up')).stdout).not.toContain('does not pin it');
  });

  it('is used when it is linked, which is said in one line', async () => {
    const [manifest, files] = acmeBackend('9.9.9');
    await home.write(JSON.stringify(manifest), 'mine/package.json');
    await home.write(
      '{"name":"@acme/lib","type":"module","exports":"./index.js"}',
      'mine/node_modules/@acme/lib/package.json',
    );
    await home.write('export const version = "linked";', 'mine/node_modules/@acme/lib/index.js');
    await home.write(files['plugin.js'] ?? '', 'mine/plugin.js');
    await vmctl('plugins', 'link', join(home.project, 'mine'));
    const { code, stdout } = await vmctl('up');
    expect(code).toBe(0);
    expect(stdout).toContain(`${NAME} 9.9.9 linked from ${join(home.project, 'mine')}, in place of ^1.2`);
    expect(stdout).toContain('acme 9.9.9, library linked');
    expect(registry.requests).toEqual([]);
  });
});

describe('what is not needed any more', () => {
  it('is kept while a VM needs it, and then removed by plugins prune', async () => {
    await vmctl('up', '--yes');
    const [name = ''] = await stored();
    expect((await vmctl('plugins', 'prune')).stdout).toContain('nothing to remove');
    expect((await vmctl('doctor')).stdout).toContain('of a project, for web');
    await vmctl('destroy', 'web', '--yes');
    expect((await vmctl('plugins', 'prune')).stdout).toContain(`Removed ${name}.`);
    expect(await stored()).toEqual([]);
  });

  it('is named by doctor when its files are damaged, with what mends it', async () => {
    await vmctl('up', '--yes');
    await vmctl('destroy', 'web', '--yes');
    const [name = ''] = await stored();
    await rm(join(store(), name, 'node_modules/@acme/lib'), { recursive: true });
    const { code, stdout } = await vmctl('doctor');
    expect(code).toBe(3);
    expect(stdout).toContain('is damaged, or was changed after it was installed');
    expect(stdout).toContain(`rm -r ${join(store(), name)}`);
  });

  it('can be missed by a VM that is left: its commands say what brings it again', async () => {
    await vmctl('up', '--yes');
    await rm(store(), { recursive: true });
    const { stderr } = await start(['list'], home.root).done;
    expect(stderr).toContain(
      `The VM was made with the backend "acme" of ${NAME} 1.2.0, which is not there any more`,
    );
    expect(stderr).toContain('vmctl up');
    expect(await vmctl('up', '--yes')).toMatchObject({ code: 0 });
  });
});
