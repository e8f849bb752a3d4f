import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acmeBackend, acmeLibrary } from '../support/acme-plugin.js';
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
  await home.remove();
  await registry.stop();
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

function start(args: readonly string[], cwd = home.project): RunningCommand {
  return home.start(args, { cwd, env: { NPM_CONFIG_REGISTRY: registry.url, NPM_CONFIG_FETCH_RETRIES: '0' } });
}

const vmctl = (...args: readonly string[]) => start(args).done;
const lockFile = () => readFile(join(home.project, 'VMFile.lock'), 'utf8');
const store = () => join(home.dataDir, 'project-plugins');
const stored = async () => (await readdir(store()).catch(() => [])).filter((name) => !name.startsWith('.'));

describe('a VMFile that requires a plugin', () => {
  it('brings it to a new machine with --yes, and pins it', async () => {
    const up = await vmctl('up', '--yes');
    expect(up).toMatchObject({ code: 0 });
    expect(up.stdout).toContain(`installed ${NAME} 1.2.0`);
    expect(up.stdout).toContain('acme 1.2.0, library 1.0.0');
    expect(JSON.parse(await lockFile())).toMatchObject({
      lockfileVersion: 1,
      plugins: { [NAME]: { range: '^1.2', version: '1.2.0', integrity: expect.stringMatching(/^sha512-/) } },
    });
  });
});
