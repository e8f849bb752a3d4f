import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type ErrorReport, reportError } from '../errors/error-report.js';
import { nearest } from '../errors/nearest.js';
import { hasCode, VmctlError } from '../errors/vmctl-error.js';
import { syncDirectory } from '../host/atomic-file.js';
import type { Exec } from '../host/exec.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { acquireLock, type LockHolder } from '../host/lock.js';
import type { ProcessTable } from '../host/process-contract.js';
import type { PluginManifest } from '../plugins/contract.js';
import { type ManifestProblem, readManifest } from '../plugins/manifest.js';
import { entryFields, type InstallSpec, mustBePackage, readInstallSpec, specText } from './install-spec.js';
import { readJsonObject } from './json-file.js';
import { installPackage, readLock } from './package-directory.js';
import { checkPlugin } from './plugin-check.js';
import {
  isBesideList,
  type PluginEntry,
  type PluginList,
  readPluginList,
  writePluginList,
} from './plugin-list.js';
import { syncTree } from './sync-tree.js';

/** What {@link PluginStore} is made of. */
export interface PluginStoreOptions {
  /** oclif's data directory: `$XDG_DATA_HOME/vmctl/plugins`. Made when something is installed. */
  readonly directory: string;
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly processes: ProcessTable;
  /** The version of the core that runs. */
  readonly coreVersion: string;
}

/** What every change of the store may be given. */
export interface ChangeOptions {
  /** An abort ends npm, removes what was begun, and leaves everything as it was. */
  readonly signal: AbortSignal;
  /** Called for another process that changes the plugins and is waited for. */
  readonly onWait?: ((holder: LockHolder) => void) | undefined;
  /** Called with what is begun: a package that npm is given. */
  readonly onStart?: ((spec: string) => void) | undefined;
}

/** A plugin that was installed or linked. */
export interface AddedPlugin {
  readonly name: string;
  readonly version: string;
  /** Absolute. */
  readonly root: string;
  /** Where it came from; installs the same when it is given again. */
  readonly from: string;
  /** The version in whose place it is; null when there was none. */
  readonly replaced: string | null;
  /** What it brings; null for a linked one whose manifest has a problem. */
  readonly contributes: PluginManifest['contributes'] | null;
  readonly problem: ManifestProblem | null;
}

/** What an update did with one plugin. */
export interface UpdatedPlugin {
  readonly name: string;
  readonly from: string;
  /** Null when what was there could not be read. */
  readonly before: string | null;
  /** Equal to `before` when only what it depends on is newer, or nothing is. */
  readonly after: string | null;
  readonly changed: boolean;
  /** Why it is as it was. */
  readonly problem: ErrorReport | null;
}

/**
 * The plugins of a user: those of oclif's list, each installed one in a directory of its own.
 *
 * A change prepares new directories, which nobody knows, and then replaces the list by one rename. So there is no moment
 * at which a kill leaves anything but the old plugins or the new ones, and nothing to repair; directories that the list
 * does not name are removed by the next change. Changes exclude each other by a lock; readers need none.
 */
export class PluginStore {
  readonly #options: PluginStoreOptions;
  readonly #packages: string;

  constructor(options: PluginStoreOptions) {
    this.#options = options;
    this.#packages = join(options.directory, 'packages');
  }

  /** The list as it is. @throws VMCTL_PLUGIN_LIST_CORRUPT */
  async entries(): Promise<readonly PluginEntry[]> {
    return (await readPluginList(this.#options.directory)).entries;
  }

  /**
   * Installs plugins: all of them, or none.
   *
   * @param specs - packages, paths and URLs as {@link readInstallSpec} takes them
   * @param options - `scripts`: run the install scripts of the packages
   * @throws what npm fails with ({@link runNpm}), and VMCTL_PLUGIN_INVALID, VMCTL_PLUGIN_API_VERSION for packages that
   *   are no plugins for this vmctl
   */
  async install(
    specs: readonly string[],
    options: ChangeOptions & { readonly cwd: string; readonly scripts: boolean },
  ): Promise<AddedPlugin[]> {
    const wanted = await Promise.all(specs.map((text) => readInstallSpec(text, options.cwd)));
    return this.#change('plugins install', options, async (list) => {
      const staged: StagedPlugin[] = [];
      for (const spec of wanted) {
        staged.push(await this.#stage(spec, { ...options, fresh: false }));
      }
      const added = await Promise.all(
        staged.map(async (each) => ({
          ...each.added,
          replaced: await versionOf(find(list, each.entry.name), this.#options.directory),
        })),
      );
      await this.#commit(
        list,
        withEntries(
          list,
          staged.map(({ entry }) => entry),
        ),
      );
      return added;
    });
  }

  /**
   * Adds a folder as a plugin, to be used from where it is. One whose manifest has a problem is linked as well: it is
   * being worked on.
   *
   * @throws VMCTL_PLUGIN_INVALID when the folder is no package, or says nothing about vmctl
   */
  async link(path: string, options: ChangeOptions & { readonly cwd: string }): Promise<AddedPlugin> {
    const root = resolve(options.cwd, path);
    await mustBePackage(root);
    const { name, version, vmctl } = await readJsonObject(join(root, 'package.json'));
    if (typeof name !== 'string' || typeof version !== 'string' || vmctl === undefined) {
      throw new VmctlError('VMCTL_PLUGIN_INVALID', {
        message: `${root} is not a plugin of vmctl: its package.json has no ${typeof name !== 'string' ? '"name"' : typeof version !== 'string' ? '"version"' : '"vmctl" field'}.`,
        hint: 'Give the folder in which the package.json of the plugin is.',
        details: { path: root },
      });
    }
    const manifest = readManifest({ name, version, root, vmctl, origin: 'link' });
    return this.#change('plugins link', options, async (list) => {
      const replaced = await versionOf(find(list, name), this.#options.directory);
      await this.#commit(list, withEntries(list, [{ name, type: 'link', root }]));
      return {
        name,
        version,
        root,
        from: root,
        replaced,
        contributes: manifest.ok ? manifest.manifest.contributes : null,
        problem: manifest.ok ? null : manifest.problem,
      };
    });
  }

  /**
   * Removes plugins, linked ones too: all that are named, or none.
   *
   * @param names - names; a linked one also by its path
   * @returns their names
   * @throws VMCTL_PLUGIN_NOT_INSTALLED
   */
  async uninstall(
    names: readonly string[],
    options: ChangeOptions & { readonly cwd: string },
  ): Promise<string[]> {
    return this.#change('plugins uninstall', options, async (list) => {
      const removed = names.map((name) => this.#named(list, name, options.cwd));
      await this.#commit(
        list,
        list.entries.filter((entry) => !removed.includes(entry)),
      );
      await this.#sweep();
      return [...new Set(removed.map(({ name }) => name))];
    });
  }

  /**
   * Brings installed plugins to the newest version that what they were installed as allows. A failure of one does not
   * stop the others.
   *
   * @param names - none: all that are installed
   * @throws VMCTL_PLUGIN_NOT_INSTALLED
   */
  async update(
    names: readonly string[],
    options: ChangeOptions & { readonly cwd: string },
  ): Promise<UpdatedPlugin[]> {
    return this.#change('plugins update', options, async (list) => {
      const named = names.map((name) => this.#named(list, name, options.cwd));
      const linked = named.find(({ type }) => type === 'link');
      if (linked !== undefined) {
        throw new VmctlError('VMCTL_PLUGIN_NOT_INSTALLED', {
          message: `${linked.name} is linked from ${linked.root ?? 'a folder'}: it is as new as that folder.`,
          hint: 'Update it there.',
        });
      }
      const updated: UpdatedPlugin[] = [];
      let current = list;
      for (const entry of (named.length > 0 ? named : list.entries).filter(({ type }) => type === 'user')) {
        const from = specText(entry);
        const before = await versionOf(entry, this.#options.directory);
        const base = { name: entry.name, from, before };
        try {
          const spec = await readInstallSpec(from, options.cwd);
          const scripts = entry.scripts === true;
          const staged = await this.#stage(spec, { ...options, scripts, fresh: true });
          const changed = spec.kind === 'folder' || !(await sameTree(entry, staged.entry));
          if (changed) current = await this.#commit(current, withEntries(current, [staged.entry]));
          updated.push({ ...base, after: changed ? staged.added.version : before, changed, problem: null });
        } catch (error) {
          options.signal.throwIfAborted();
          updated.push({ ...base, after: before, changed: false, problem: reportError(error) });
        }
      }
      return updated;
    });
  }

  /**
   * Removes every plugin, and whatever else is in the store, also when the list cannot be read.
   *
   * @returns the names of the plugins that were in the list
   */
  async reset(options: ChangeOptions): Promise<string[]> {
    return this.#withLock('plugins reset', options, async () => {
      const list = await readPluginList(this.#options.directory).catch((error: unknown): PluginList => {
        if (hasCode(error, 'VMCTL_PLUGIN_LIST_CORRUPT')) return { entries: [], document: {} };
        throw error;
      });
      await this.#commit({ document: {} }, []);
      await this.#sweep();
      return list.entries.map(({ name }) => name);
    });
  }

  /** Prepares a plugin in a directory that is not in the list yet. */
  async #stage(
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
      const { contributes } = await checkPlugin(installed, spec, { exec, env, signal, cwd: begun });
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
        added: { name, version, root, from: specText(entry), replaced: null, contributes, problem: null },
      };
    } catch (error) {
      await rm(begun, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
      throw error;
    }
  }

  async #commit(list: Pick<PluginList, 'document'>, entries: readonly PluginEntry[]): Promise<PluginList> {
    await writePluginList(this.#options.directory, list, entries);
    return { ...list, entries };
  }

  #change<T>(purpose: string, options: ChangeOptions, work: (list: PluginList) => Promise<T>): Promise<T> {
    return this.#withLock(purpose, options, async () => {
      const list = await readPluginList(this.#options.directory);
      await this.#sweep();
      try {
        return await work(list);
      } catch (error) {
        await this.#sweep(); // what was prepared
        throw error;
      }
    });
  }

  async #withLock<T>(purpose: string, options: ChangeOptions, work: () => Promise<T>): Promise<T> {
    const lock = await acquireLock({
      directory: join(this.#options.directory, '.locks'),
      name: 'plugins',
      subject: 'list of plugins',
      purpose,
      processes: this.#options.processes,
      wait: true,
      signal: options.signal,
      onWait: options.onWait,
    });
    try {
      return await work();
    } finally {
      await lock.release();
    }
  }

  /**
   * Removes what the list does not name: what a killed change left, and versions that were replaced. Those are kept until
   * the next change, because a vmctl that runs may still load code from them. What cannot be removed now is left for the
   * next time: an npm whose vmctl was killed may still write there.
   */
  async #sweep(): Promise<void> {
    const { directory } = this.#options;
    const { entries } = await readPluginList(directory);
    const kept = new Set(entries.map(({ root }) => root));
    const dead = (await namesIn(this.#packages))
      .map((name) => join(this.#packages, name))
      .filter((path) => !kept.has(path));
    if (!entries.some(isBesideList)) {
      dead.push(...['node_modules', 'package-lock.json', 'yarn.lock'].map((name) => join(directory, name)));
    }
    await Promise.all(
      dead.map((path) => rm(path, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined)),
    );
  }

  #named(list: PluginList, name: string, cwd: string): PluginEntry {
    const found =
      find(list, name) ??
      list.entries.find(({ type, root }) => type === 'link' && root === resolve(cwd, name));
    if (found !== undefined) return found;
    const names = list.entries.map((entry) => entry.name).toSorted();
    const meant = nearest(name, names) ?? names.find((each) => basename(each) === name);
    throw new VmctlError('VMCTL_PLUGIN_NOT_INSTALLED', {
      message: `No plugin "${name}" is installed.${names.length === 0 ? '' : ` Installed: ${names.join(', ')}.`}`,
      hint: meant === undefined ? 'See which there are: vmctl plugins' : `Did you mean "${meant}"?`,
      details: { plugin: name, installed: names },
    });
  }
}

interface StagedPlugin {
  readonly entry: PluginEntry;
  readonly added: AddedPlugin;
}

function find(list: PluginList, name: string): PluginEntry | undefined {
  return list.entries.find((entry) => entry.name === name);
}

/** The list with these in it, each in the place of the one of its name. */
function withEntries(list: PluginList, entries: readonly PluginEntry[]): PluginEntry[] {
  const byName = new Map([...list.entries, ...entries].map((entry) => [entry.name, entry]));
  return [...byName.values()];
}

/** Whether two installed plugins are made of the same packages, byte for byte as far as npm knows. */
async function sameTree(a: PluginEntry, b: PluginEntry): Promise<boolean> {
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
async function versionOf(entry: PluginEntry | undefined, directory: string): Promise<string | null> {
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
