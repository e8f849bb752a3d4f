import { basename, join, resolve } from 'node:path';
import { reportError } from '../errors/error-report.js';
import { nearest } from '../errors/nearest.js';
import { hasCode, VmctlError } from '../errors/vmctl-error.js';
import { acquireLock } from '../host/lock.js';
import { readManifest } from '../plugins/manifest.js';
import type {
  AddedPlugin,
  ChangeOptions,
  PluginStoreOptions,
  Uninstalled,
  UpdatedPlugin,
} from './changes.js';
import { mustBePackage, readInstallSpec, specText } from './install-spec.js';
import { readJsonObject } from './json-file.js';
import { whyNotBuilt } from './plugin-check.js';
import { PluginDirectories, sameTree, type StagedPlugin, versionOf } from './plugin-directories.js';
import { type PluginEntry, type PluginList, readPluginList, writePluginList } from './plugin-list.js';

/**
 * The plugins of a user: those of oclif's list, each installed one in a directory of its own.
 *
 * A change prepares new directories, which nobody knows, and then replaces the list by one rename. So there is no moment
 * at which a kill leaves anything but the old plugins or the new ones, and nothing to repair; directories that the list
 * does not name are removed by the next change. Changes exclude each other by a lock; readers need none.
 */
export class PluginStore {
  readonly #options: PluginStoreOptions;
  readonly #directories: PluginDirectories;

  constructor(options: PluginStoreOptions) {
    this.#options = options;
    this.#directories = new PluginDirectories(options);
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
        staged.push(await this.#directories.stage(spec, { ...options, fresh: false }));
      }
      const added = await Promise.all(
        staged.map(async ({ entry, added: plugin }) => {
          const before = find(list, entry.name);
          const replaced = await versionOf(before, this.#options.directory);
          return { ...plugin, replaced, unlinked: linkedFolder(before) };
        }),
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
   * being worked on. So is one that is not built; the problem that comes back says so.
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
    const problem = manifest.ok
      ? await whyNotBuilt({ name, version, root, entry: manifest.manifest.entry })
      : manifest.problem;
    return this.#change('plugins link', options, async (list) => {
      const before = find(list, name);
      const replaced = await versionOf(before, this.#options.directory);
      const insteadOf = before?.type === 'link' ? before.insteadOf : before;
      await this.#commit(list, withEntries(list, [{ name, type: 'link', root, insteadOf }]));
      return {
        name,
        version,
        root,
        from: root,
        replaced,
        unlinked: linkedFolder(before) === root ? null : linkedFolder(before),
        contributes: manifest.ok ? manifest.manifest.contributes : null,
        problem,
      };
    });
  }

  /**
   * Removes plugins: all that are named, or none. Of a linked one only the link goes: the installed one in whose place it
   * is, if any, is there again.
   *
   * @param names - names; a linked one also by its path
   * @throws VMCTL_PLUGIN_NOT_INSTALLED
   */
  async uninstall(
    names: readonly string[],
    options: ChangeOptions & { readonly cwd: string },
  ): Promise<Uninstalled> {
    return this.#change('plugins uninstall', options, async (list) => {
      const removed = new Set(names.map((name) => this.#named(list, name, options.cwd)));
      await this.#commit(
        list,
        list.entries.flatMap((entry) => (removed.has(entry) ? (entry.insteadOf ?? []) : entry)),
      );
      await this.#directories.sweep();
      const restored = [...removed].flatMap(({ insteadOf }) => insteadOf ?? []);
      return {
        removed: [...removed].map(({ name }) => name),
        restored: await Promise.all(
          restored.map(async (entry) => ({
            name: entry.name,
            version: await versionOf(entry, this.#options.directory),
          })),
        ),
      };
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
          const staged = await this.#directories.stage(spec, { ...options, scripts, fresh: true });
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
      await this.#directories.sweep();
      return list.entries.map(({ name }) => name);
    });
  }

  async #commit(list: Pick<PluginList, 'document'>, entries: readonly PluginEntry[]): Promise<PluginList> {
    await writePluginList(this.#options.directory, list, entries);
    return { ...list, entries };
  }

  #change<T>(purpose: string, options: ChangeOptions, work: (list: PluginList) => Promise<T>): Promise<T> {
    return this.#withLock(purpose, options, async () => {
      const list = await readPluginList(this.#options.directory);
      await this.#directories.sweep();
      try {
        return await work(list);
      } catch (error) {
        await this.#directories.sweep(); // what was prepared
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

function linkedFolder(entry: PluginEntry | undefined): string | null {
  return entry?.type === 'link' ? (entry.root ?? null) : null;
}

function find(list: PluginList, name: string): PluginEntry | undefined {
  return list.entries.find((entry) => entry.name === name);
}

/** The list with these in it, each in the place of the one of its name. */
function withEntries(list: PluginList, entries: readonly PluginEntry[]): PluginEntry[] {
  const byName = new Map([...list.entries, ...entries].map((entry) => [entry.name, entry]));
  return [...byName.values()];
}
