import { shellWord } from '../errors/shell-word.js';
import { lockPathOf, readLock } from '../project-plugins/lock-file.js';
import type { StoredPlugin } from '../project-plugins/store.js';
import { projectPluginStore } from './project.js';
import type { DoctorFinding } from './doctor/finding.js';
import type { Runtime } from './runtime.js';

/** What `vmctl plugins prune` did. */
export interface PruneResult {
  /** Absolute paths of what was removed from the store of project plugins. */
  readonly removed: readonly string[];
  readonly kept: readonly string[];
}

/**
 * Removes the plugins of projects that no VM needs: neither was one made with it, nor does the lock file beside the
 * VMFile of one pin it. `up` installs again what it misses.
 *
 * @throws VMCTL_LOCKFILE_INVALID when such a lock file cannot be read: it might pin anything
 */
export async function prunePlugins(
  runtime: Runtime,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<PruneResult> {
  const signal = options.signal ?? new AbortController().signal;
  await runtime.registry.mustBeReadable();
  const store = await projectPluginStore(runtime);
  return store.locked(
    async () => {
      const users = await usersOfStore(runtime);
      const removed: string[] = [];
      const kept: string[] = [];
      for (const { directory } of await store.list()) {
        signal.throwIfAborted();
        if (users.has(directory)) kept.push(directory);
        else {
          await store.remove(directory);
          removed.push(directory);
        }
      }
      return { removed, kept };
    },
    { signal },
  );
}

/** What `doctor` says of the plugins of projects: which there are, who uses them, and which are damaged. */
export async function projectPluginFindings(runtime: Runtime): Promise<readonly DoctorFinding[]> {
  const store = await projectPluginStore(runtime);
  const plugins = await store.list();
  if (plugins.length === 0) return [];
  // A lock file that cannot be read is its project's business, and `up` says it there.
  const users = await usersOfStore(runtime).catch(() => undefined);
  return plugins.map((plugin) => findingOf(plugin, users));
}

function findingOf(
  { directory, name, version, package: pkg }: StoredPlugin,
  users: ReadonlyMap<string, readonly string[]> | undefined,
): DoctorFinding {
  const base = {
    group: 'plugins' as const,
    id: `project-plugin:${directory}`,
    title: `${name ?? directory} ${version ?? ''}`.trimEnd(),
  };
  if (pkg === undefined) {
    return {
      ...base,
      status: 'error',
      detail: `A plugin of a project is damaged, or was changed after it was installed: ${directory}`,
      fix: `rm -r ${shellWord(directory)}, and vmctl up in its project, which installs it anew`,
    };
  }
  const vms = users?.get(directory);
  if (vms !== undefined) return { ...base, status: 'ok', detail: `of a project, for ${vms.join(', ')}` };
  if (users === undefined) return { ...base, status: 'ok', detail: 'of a project' };
  return {
    ...base,
    status: 'warning',
    detail: 'It is of a project, and no VM needs it.',
    fix: 'vmctl plugins prune',
    repair: { kind: 'prune-project-plugins' },
  };
}

/** The VMs that need a directory of the store, by directory. */
async function usersOfStore(runtime: Runtime): Promise<ReadonlyMap<string, readonly string[]>> {
  const store = await projectPluginStore(runtime);
  const users = new Map<string, Set<string>>();
  const use = (directory: string, vm: string): void => {
    users.set(directory, (users.get(directory) ?? new Set()).add(vm));
  };
  const stored = (await store.list()).map(({ directory }) => directory);
  for (const { name, vmfile, backend_plugin: plugin } of await runtime.registry.list()) {
    const made = stored.find((directory) => plugin?.path.startsWith(`${directory}/`) === true);
    if (made !== undefined) use(made, name);
    const pins = typeof vmfile === 'string' ? await readLock(lockPathOf(vmfile)) : undefined;
    for (const pin of pins?.values() ?? []) use(store.directoryOf(pin), name);
  }
  return new Map([...users].map(([directory, vms]) => [directory, [...vms].toSorted()]));
}
