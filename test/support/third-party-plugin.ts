import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmctlHome } from './vmctl-home.js';

/** A plugin that a test writes, as somebody else could have published it. */
export interface ThirdPartyPlugin {
  readonly name: string;
  /** `vmctl.contributes` of its package.json. */
  readonly contributes?: object;
  /** The statements of `apply(host)`. */
  readonly apply?: string;
  /** Statements at the top of the entry: they run when it is imported. */
  readonly onImport?: string;
  /** The whole entry, in place of the two above; `null` leaves it out. */
  readonly entry?: string | null;
  /** Default 1. */
  readonly apiVersion?: unknown;
  /** More fields of package.json. */
  readonly fields?: object;
  /** Default `user`, as `vmctl plugins install` registers it; `link` as `vmctl plugins link` does. */
  readonly type?: 'user' | 'link';
}

/** Puts a plugin where npm would, and registers it. Gives its directory. */
export async function installPlugin(home: VmctlHome, plugin: ThirdPartyPlugin): Promise<string> {
  const { name, type = 'user', apiVersion = 1, contributes = {}, onImport = '', apply = '' } = plugin;
  const installed = join(home.dataDir, 'plugins');
  const root = type === 'link' ? join(home.root, 'checkouts', name) : join(installed, 'node_modules', name);
  const manifest = {
    name,
    version: '1.0.0',
    type: 'module',
    vmctl: { apiVersion, entry: './plugin.js', contributes },
    oclif: {},
    ...plugin.fields,
  };
  const entry =
    plugin.entry === undefined
      ? `${onImport}\nexport default { name: '${name}', apiVersion: 1, async apply(host) { ${apply} } };\n`
      : plugin.entry;
  await mkdir(root, { recursive: true });
  await writeFile(join(root, 'package.json'), JSON.stringify(manifest));
  if (entry !== null) await writeFile(join(root, 'plugin.js'), entry);
  await register(installed, name, type === 'link' ? { name, type, root } : { name, type, tag: 'latest' });
  return root;
}

/** Takes a plugin away that `installPlugin` has put there, if it has; for the next test. */
export async function removePlugin(home: VmctlHome, name: string): Promise<void> {
  const installed = join(home.dataDir, 'plugins');
  await register(installed, name);
  await rm(join(installed, 'node_modules', name), { recursive: true, force: true });
}

/** The statements that bring a provisioner whose step runs `run`; it may use `ctx`. */
export function provisioner(type: string, run = ''): string {
  return `host.hooks.provisioner.for('${type}').tapPromise('test', async () => ({
    type: '${type}',
    decode: () => ({}),
    async run(config, ctx) { ${run} },
  }));`;
}

/** Makes a package.json unreadable in the named way. */
export async function breakPackageJson(root: string, how: string): Promise<void> {
  const path = join(root, 'package.json');
  await rm(path);
  switch (how) {
    case 'is not JSON':
      return writeFile(path, '{ "name": "broken", ');
    case 'is empty':
      return writeFile(path, '');
    case 'is a list':
      return writeFile(path, '[]');
    case 'is null':
      return writeFile(path, 'null');
    case 'has no name':
      return writeFile(path, '{ "version": "1.0.0", "oclif": {} }');
    case 'has an oclif field that is a text':
      return writeFile(path, '{ "name": "broken", "version": "1.0.0", "oclif": "yes" }');
    case 'is a directory':
      // Root may read every file, so a permission that is missing would not do.
      await mkdir(path);
      return;
    case 'is gone':
      return;
    case 'is gone with its directory':
      return rm(root, { recursive: true });
    default:
      throw new Error(`no such damage: ${how}`);
  }
}

/** Makes this the only entry of that name; without an entry there is none. */
async function register(
  directory: string,
  plugin: string,
  entry?: { readonly name: string; readonly type: string; readonly [more: string]: string },
): Promise<void> {
  const path = join(directory, 'package.json');
  const text = await readFile(path, 'utf8').catch(() => '{}');
  const { oclif, ...others } = JSON.parse(text) as { oclif?: { plugins?: { name: string }[] } };
  const plugins = (oclif?.plugins ?? []).filter(({ name }) => name !== plugin);
  await mkdir(directory, { recursive: true });
  await writeFile(
    path,
    JSON.stringify({
      private: true,
      ...others,
      oclif: { schema: 1, ...oclif, plugins: entry === undefined ? plugins : [...plugins, entry] },
    }),
  );
}
