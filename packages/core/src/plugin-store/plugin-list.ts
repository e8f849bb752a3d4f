import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import { writeAtomic } from '../host/atomic-file.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { isJsonObject } from '../host/json-object.js';
import { readRegularText } from '../host/regular-file.js';
import { type PluginEntry, readPluginEntry } from '../plugins/installed-plugins.js';

export type { PluginEntry };

/** Which plugins there are, as it is on disk. */
export interface PluginList {
  readonly entries: readonly PluginEntry[];
  /** Everything in the file. */
  readonly document: Readonly<Record<string, unknown>>;
}

/**
 * Reads the list: `package.json` of oclif's data directory, the file from which oclif knows the installed plugins.
 *
 * @param directory - oclif's data directory; without a list in it there are no plugins
 * @throws VMCTL_PLUGIN_LIST_CORRUPT, VMCTL_NOT_READABLE
 */
export async function readPluginList(directory: string): Promise<PluginList> {
  const path = join(directory, 'package.json');
  let content: string;
  try {
    content = await readRegularText(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { entries: [], document: {} };
    throw fsError(error, { verb: 'read', path });
  }
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch (cause) {
    throw corrupt(path, messageOf(cause), cause);
  }
  if (!isJsonObject(document)) throw corrupt(path, 'it is not an object');
  const oclif = document['oclif'];
  const plugins = isJsonObject(oclif) ? (oclif['plugins'] ?? []) : [];
  if (!Array.isArray(plugins)) throw corrupt(path, '"oclif.plugins" is not a list');
  return { document, entries: plugins.map((entry: unknown) => readEntry(entry, path)) };
}

/**
 * Replaces the list, in one step and lasting: the moment at which an installation, an update or a removal happens.
 * Fields of the file that are not ours stay.
 */
export async function writePluginList(
  directory: string,
  { document }: Pick<PluginList, 'document'>,
  entries: readonly PluginEntry[],
): Promise<void> {
  const path = join(directory, 'package.json');
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fsError(error, { verb: 'make the directory', path: directory });
  }
  const { oclif } = document;
  const { dependencies, ...others } = document;
  const next = {
    ...others,
    private: true,
    // npm's own record of what is in the node_modules beside the list.
    ...(installedAmong(entries).some(isBesideList) ? { dependencies } : {}),
    oclif: { schema: 1, ...(isJsonObject(oclif) ? oclif : {}), plugins: entries },
  };
  await writeAtomic(path, `${JSON.stringify(next, null, 2)}\n`);
}

/** The installed plugins of a list, those in whose place there is a linked one as well. */
export function installedAmong(entries: readonly PluginEntry[]): PluginEntry[] {
  return entries.flatMap((entry) => (entry.type === 'user' ? entry : (entry.insteadOf ?? [])));
}

/** Whether the plugin is in the `node_modules` beside the list. */
export function isBesideList(entry: PluginEntry): boolean {
  return entry.type === 'user' && entry.root === undefined;
}

function readEntry(value: unknown, path: string): PluginEntry {
  const entry = readPluginEntry(value);
  if (entry === undefined) throw corrupt(path, '"oclif.plugins" has an entry without a name');
  return entry;
}

function corrupt(path: string, why: string, cause?: unknown): VmctlError {
  return new VmctlError('VMCTL_PLUGIN_LIST_CORRUPT', {
    message: `The list of installed plugins cannot be read: ${path}: ${why}.`,
    hint: 'Start with an empty one: vmctl plugins reset --yes',
    cause,
    details: { path },
  });
}
