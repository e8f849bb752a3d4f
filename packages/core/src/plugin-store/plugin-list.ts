import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import { writeAtomic } from '../host/atomic-file.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { isRecord } from './json-file.js';

/** A plugin in the list; the fields that oclif knows have oclif's names. */
export interface PluginEntry {
  readonly name: string;
  readonly type: 'user' | 'link';
  /**
   * Absolute. Of an installed plugin the directory in whose `node_modules` it is, of a linked one the package itself.
   * None: it is in the `node_modules` beside the list, where @oclif/plugin-plugins puts plugins.
   */
  readonly root?: string | undefined;
  /** From a registry: the range or the tag that was asked for. */
  readonly tag?: string | undefined;
  /** From elsewhere: what npm was given, paths absolute. */
  readonly url?: string | undefined;
  /** Whether install scripts of its packages were run, so that an update does the same. */
  readonly scripts?: boolean | undefined;
}

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
    content = await readFile(path, 'utf8');
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
  if (!isRecord(document)) throw corrupt(path, 'it is not an object');
  const oclif = document['oclif'];
  const plugins = isRecord(oclif) ? (oclif['plugins'] ?? []) : [];
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
    ...(entries.some(isBesideList) ? { dependencies } : {}),
    oclif: { schema: 1, ...(isRecord(oclif) ? oclif : {}), plugins: entries },
  };
  await writeAtomic(path, `${JSON.stringify(next, null, 2)}\n`);
}

/** Whether the plugin is in the `node_modules` beside the list. */
export function isBesideList(entry: PluginEntry): boolean {
  return entry.type === 'user' && entry.root === undefined;
}

function readEntry(entry: unknown, path: string): PluginEntry {
  if (typeof entry === 'string') return { name: entry, type: 'user', tag: 'latest' };
  if (isRecord(entry) && typeof entry['name'] === 'string') {
    const { name, type, root, tag, url, scripts } = entry;
    return {
      ...entry,
      name,
      type: type === 'link' ? 'link' : 'user',
      root: text(root),
      tag: text(tag),
      url: text(url),
      scripts: scripts === true ? true : undefined,
    };
  }
  throw corrupt(path, '"oclif.plugins" has an entry without a name');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function corrupt(path: string, why: string, cause?: unknown): VmctlError {
  return new VmctlError('VMCTL_PLUGIN_LIST_CORRUPT', {
    message: `The list of installed plugins cannot be read: ${path}: ${why}.`,
    hint: 'Start with an empty one: vmctl plugins reset --yes',
    cause,
    details: { path },
  });
}
