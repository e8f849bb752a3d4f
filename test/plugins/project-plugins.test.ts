import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOfTree } from '../../packages/core/src/project-plugins/tree-digest.js';
import { acmeBackend, acmeLibrary, type Package } from '../support/acme-plugin.js';
import { tinyDisk } from '../support/noop-project.js';
import { type Registry, startRegistry } from '../support/registry.js';
import { VmctlHome } from '../support/vmctl-home.js';

const LIMIT = 300_000;
const NAME = '@private/vmctl-backend';
const VMFILE = `plugins { require "${NAME}" "^1.2" }\nvm "web" { image "disk.img"; backend "acme" }\n`;

let registry: Registry;
const homes: VmctlHome[] = [];

beforeAll(async () => {
  registry = await startRegistry();
}, LIMIT);

afterAll(async () => {
  for (const home of homes) await home.remove();
  await registry.stop();
}, LIMIT);

/** A machine whose npm knows the registry, and maybe its user, and that has nothing but a VMFile. */
async function machine(npmrc: string): Promise<VmctlHome> {
  const home = await VmctlHome.create();
  homes.push(home);
  await writeFile(join(home.root, '.npmrc'), npmrc);
  await home.write(tinyDisk(), 'disk.img');
  await home.write(VMFILE);
  return home;
}

async function publish(home: VmctlHome, [manifest, files]: Package): Promise<void> {
  const folder = join(home.root, 'publish', manifest.name, manifest.version);
  for (const [path, text] of Object.entries({ ...files, 'package.json': JSON.stringify(manifest) })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await registry.publish(folder);
}

/** Digest of everything that a machine installed for its projects. */
async function installedBytes(home: VmctlHome): Promise<string> {
  const store = join(home.dataDir, 'project-plugins');
  const [name = '', ...others] = (await readdir(store)).filter((each) => !each.startsWith('.'));
  expect(others).toEqual([]);
  const digests = ['@private', '@acme'].map((scope) =>
    digestOfTree(join(store, name, 'node_modules', scope)),
  );
  return (await Promise.all(digests)).join(' ');
}

it(
  'gives every machine the same bytes of a private package, with the token of the user and none in VMFile.lock',
  async () => {
    const first = await machine(registry.npmrc + registry.credentials);
    await publish(first, acmeLibrary('1.0.0'));
    await publish(first, acmeBackend('1.2.0', { name: NAME }));
    const up = await first.vmctl('up', '--yes');
    expect(up).toMatchObject({ code: 0, stdout: expect.stringContaining('acme 1.2.0, library 1.0.0') });
    const lock = await readFile(join(first.project, 'VMFile.lock'), 'utf8');
    expect(lock).not.toContain('127.0.0.1');

    await publish(first, acmeLibrary('1.1.0'));
    await publish(first, acmeBackend('1.3.0', { name: NAME }));
    const second = await machine(registry.npmrc + registry.credentials);
    await second.write(lock, 'VMFile.lock');
    const frozen = await second.vmctl('up', '--frozen', '--yes');
    expect(frozen).toMatchObject({ code: 0, stdout: expect.stringContaining('acme 1.2.0, library 1.0.0') });
    expect(await installedBytes(second)).toBe(await installedBytes(first));
    expect(await readFile(join(second.project, 'VMFile.lock'), 'utf8')).toBe(lock);

    const stranger = await machine(registry.npmrc);
    await stranger.write(lock, 'VMFile.lock');
    const refused = await stranger.vmctl('up', '--frozen', '--yes');
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('VMCTL_PLUGIN_ACCESS_DENIED') });
  },
  LIMIT,
);
