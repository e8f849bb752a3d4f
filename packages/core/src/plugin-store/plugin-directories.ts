import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { syncDirectory } from '../host/atomic-file.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import type { AddedPlugin, ChangeOptions, PluginStoreOptions } from './changes.js';
import { entryFields, type InstallSpec, specText } from './install-spec.js';
import { importsOfCore } from './core-imports.js';
import { readJsonObject } from './json-file.js';
import { installPackage, readLock } from './package-directory.js';
import { checkPlugin } from './plugin-check.js';
import { installedAmong, isBesideList, type PluginEntry, readPluginList } from './plugin-list.js';
import { syncTree } from './sync-tree.js';

/** A plugin that is on the disk, whole and checked, and not in the list. */
export interface StagedPlugin {
  readonly entry: PluginEntry;
  readonly added: AddedPlugin;
}

/** The directories in which installed plugins are, each with a tree of its own. */
export class PluginDirectories {
  readonly #options: PluginStoreOptions;
  readonly #packages: string;

  constructor(options: PluginStoreOptions) {
    this.#options = options;
    this.#packages = join(options.directory, 'packages');
  }

  /** Prepares a plugin in a directory that is not in the list yet. */
  async stage(
    spec: InstallSpec,
    options: ChangeOptions & { readonly scripts: boolean; readonly fresh: boolean },
  ): Promise<StagedPlugin> {
    const { exec, env, coreVersion } = this.#options;
    const { signal, scripts, fresh } = options;
    const fields = entryFields(spec);
    options.onStart?.(specText({ name: spec.kind === 'registry' ? spec.name : '', ...fields }));
    const id = randomBytes(4).toString('hex');
    const begun = join(this.#packages, `.new-${id}`);
    try {
      await mkdir(this.#packages, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw fsError(error, { verb: 'make the directory', path: this.#packages });
    }
    try {
      const installed = await installPackage(begun, spec, { exec, env, signal, scripts, fresh, coreVersion });
      const { name, version } = installed;
      const { contributes, entry: entryModule } = await checkPlugin(installed, spec, {
        exec,
        env,
        signal,
        cwd: begun,
      });
      const problem = await importsOfCore({ ...installed, entry: entryModule });
      await syncTree(begun);
      signal.throwIfAborted();
      // A name that tells people what it is: it is seen in stack traces.
      const directory = join(this.#packages, `${name.replace('/', '+')}@${version}-${id}`);
      await rename(begun, directory);
      await syncDirectory(this.#packages);
      const entry: PluginEntry = {
        name,
        type: 'user',
        root: directory,
        ...fields,
        ...(scripts ? { scripts } : {}),
      };
      const root = join(directory, 'node_modules', name);
      return {
        entry,
        added: {
          name,
          version,
          root,
          from: specText(entry),
          replaced: null,
          unlinked: null,
          contributes,
          problem,
        },
      };
    } catch (error) {
      await rm(begun, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Removes what the list does not name: what a killed change left, and versions that were replaced. Those are kept until
   * the next change, because a vmctl that runs may still load code from them. What cannot be removed now is left for the
   * next time: an npm whose vmctl was killed may still write there.
   */
  async sweep(): Promise<void> {
    const { directory } = this.#options;
    const installed = installedAmong((await readPluginList(directory)).entries);
    const kept = new Set(installed.map(({ root }) => root));
    const dead = (await namesIn(this.#packages))
      .map((name) => join(this.#packages, name))
      .filter((path) => !kept.has(path));
    if (!installed.some(isBesideList)) {
      dead.push(...['node_modules', 'package-lock.json', 'yarn.lock'].map((name) => join(directory, name)));
    }
    await Promise.all(
      dead.map((path) => rm(path, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined)),
    );
  }
}

/** Whether two installed plugins are made of the same packages, byte for byte as far as npm knows. */
export async function sameTree(a: PluginEntry, b: PluginEntry): Promise<boolean> {
  if (a.root === undefined || b.root === undefined) return false;
  const [before, after] = await Promise.all([packagesOf(a.root), packagesOf(b.root)]);
  return Object.keys(before).length > 0 && isDeepStrictEqual(before, after);
}

async function packagesOf(directory: string): Promise<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(await readLock(directory)).flatMap(([path, { version, resolved, integrity }]) =>
      // The project itself, and what stands for core, are ours.
      path === '' || path === 'node_modules/@vmctl/core' ? [] : [[path, { version, resolved, integrity }]],
    ),
  );
}

/** The version that is there; null when there is none, or none that can be read. */
export async function versionOf(entry: PluginEntry | undefined, directory: string): Promise<string | null> {
  if (entry === undefined) return null;
  try {
    const { version } = await readJsonObject(join(packageRoot(entry, directory), 'package.json'));
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}

/** Where the package of an entry is. */
export function packageRoot(entry: PluginEntry, directory: string): string {
  if (entry.type === 'link') return entry.root ?? directory;
  return join(entry.root ?? directory, 'node_modules', entry.name);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fsError(error, { verb: 'read', path: directory });
  }
}
