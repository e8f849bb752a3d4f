import { readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isJsonObject, type JsonObject } from '../../host/json-object.js';
import { readRegularTextSync } from '../../host/regular-file.js';
import type { InstalledPackage } from '../../plugins/installed-plugins.js';
import type { DataDir } from '../../state/data-dir.js';
import { outlineVmFile, type OutlinedVm } from '../../vmfile/outline.js';
import { helpTopics } from '../help-topics.js';
import { type CommandTree, wordsBelow } from './command-model.js';
import type { Candidate, ValueContext } from './complete.js';
import type { ValueKind } from './value-kinds.js';

/** Where values are looked for. */
export interface ValueSources {
  /** Absolute. */
  readonly cwd: string;
  /** Where the configuration says that it is; asked only when it is needed. */
  readonly dataDir: () => Promise<DataDir>;
  readonly plugins: readonly InstalledPackage[];
  readonly tree: CommandTree;
}

/** The shells that `vmctl completion` knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

const VMFILE = 'VMFile.kdl';

/**
 * The values of a kind that there are now. What cannot be read has none. Files are read at once and not asynchronously:
 * it is a handful of small ones, and somebody waits with a finger on the key.
 */
export async function findValues(
  kind: ValueKind,
  context: ValueContext,
  sources: ValueSources,
): Promise<Candidate[]> {
  try {
    return await find(kind, context, sources);
  } catch {
    return [];
  }
}

async function find(kind: ValueKind, context: ValueContext, sources: ValueSources): Promise<Candidate[]> {
  switch (kind) {
    case 'vm':
      return registeredVms(readRegistry(await sources.dataDir()));
    case 'forward':
      return forwards(readRegistry(await sources.dataDir()), context.args);
    case 'declared-vm':
      return declaredVms(context, sources).map(({ name }) => ({ word: name, about: '' }));
    case 'step':
      return steps(context, sources);
    case 'backend':
      return contributed(sources.plugins, 'hypervisors');
    case 'image':
      return images(await sources.dataDir());
    case 'plugin':
      return sources.plugins.map(({ name, version }) => ({ word: name, about: version }));
    case 'shell':
      return SHELLS.map((word) => ({ word, about: '' }));
    case 'help-word':
      return [...new Map([...wordsBelow(sources.tree, []), ...Object.entries(helpTopics)])].map(
        ([word, about]) => ({ word, about }),
      );
    case 'file':
    case 'directory':
    case 'file-or-vm':
    case 'unknown':
      return [];
  }
}

/** The VMs that exist, by name, not checked. */
function readRegistry({ registryFile }: DataDir): JsonObject {
  const content: unknown = JSON.parse(readRegularTextSync(registryFile));
  return isJsonObject(content) ? content : {};
}

function registeredVms(content: JsonObject): Candidate[] {
  return Object.entries(content).map(([word, handle]) => {
    const backend = isJsonObject(handle) ? handle['backend'] : undefined;
    return { word, about: typeof backend === 'string' ? backend : '' };
  });
}

/** Those that lead to the VM that is the last argument. */
function forwards(content: JsonObject, args: readonly string[]): Candidate[] {
  const vm = content[args.at(-1) ?? ''];
  if (!isJsonObject(vm)) return [];
  const ports: unknown = vm['forwards'];
  if (!Array.isArray(ports)) return [];
  return ports.flatMap((forward: unknown) => {
    if (!isJsonObject(forward) || typeof forward['host'] !== 'number') return [];
    return [{ word: String(forward['host']), about: `to ${String(forward['guest'])}` }];
  });
}

function declaredVms({ file }: ValueContext, { cwd }: ValueSources): OutlinedVm[] {
  const path = file === undefined ? nearestVmFile(cwd) : resolve(cwd, file);
  return path === undefined ? [] : outlineVmFile(readRegularTextSync(path));
}

function nearestVmFile(start: string): string | undefined {
  for (let directory = start; ; directory = dirname(directory)) {
    const path = join(directory, VMFILE);
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) return path;
    if (dirname(directory) === directory) return undefined;
  }
}

/** Of the VMs that were named, else of all; with the VMs that have them. */
function steps(context: ValueContext, sources: ValueSources): Candidate[] {
  const { names } = context;
  const owners = new Map<string, string[]>();
  for (const vm of declaredVms(context, sources)) {
    if (names.length > 0 && !names.includes(vm.name)) continue;
    for (const step of vm.steps) owners.set(step, [...(owners.get(step) ?? []), vm.name]);
  }
  return [...owners].map(([word, vms]) => ({ word, about: vms.join(', ') }));
}

/** The names that plugins declare in their package.json. */
function contributed(plugins: readonly InstalledPackage[], key: string): Candidate[] {
  return plugins.flatMap(({ name, vmctl }) => {
    const contributes = isJsonObject(vmctl) ? vmctl['contributes'] : undefined;
    const named = isJsonObject(contributes) ? contributes[key] : undefined;
    return isJsonObject(named) ? Object.keys(named).map((word) => ({ word, about: name })) : [];
  });
}

/** By the names that `vmctl image list` shows. */
function images({ images: directory }: DataDir): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const entry of readdirSync(directory)) {
    const [, word] = /^[0-9a-f]{16}-[0-9a-f]{16}-(.+)\.json$/.exec(entry) ?? [];
    if (word !== undefined) found.set(word, { word, about: '' });
  }
  return [...found.values()];
}
