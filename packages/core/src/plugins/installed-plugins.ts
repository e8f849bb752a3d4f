import { join } from 'node:path';
import { messageOf } from '../errors/vmctl-error.js';
import { errnoOf } from '../host/fs-error.js';
import { isJsonObject } from '../host/json-object.js';
import { NotRegularFile, readRegularTextSync } from '../host/regular-file.js';
import type { RejectedPlugin } from './catalog.js';
import type { PluginPackage } from './manifest.js';

/** A registered plugin whose package.json could be read. */
export interface InstalledPackage extends PluginPackage {
  readonly origin: 'user' | 'link';
  /** The dist-tag or range it was installed with. */
  readonly tag: string | undefined;
  /** Its whole package.json. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** What the registration file names. */
export interface InstalledPlugins {
  readonly packages: readonly InstalledPackage[];
  /** Registered packages that cannot be read: removed, damaged, or no packages at all. */
  readonly broken: readonly RejectedPlugin[];
}

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
  /** Of a linked plugin: the installed one in whose place it is, which is there again once it is unlinked. */
  readonly insteadOf?: PluginEntry | undefined;
}

/** An entry, and where its package is. */
interface Registration {
  readonly name: string;
  readonly origin: 'user' | 'link';
  readonly root: string;
  readonly tag: string | undefined;
}

/**
 * Reads which plugins are installed in `directory` and what their package.json files say; nothing is imported. A
 * package that cannot be read is told apart, and never hinders the others.
 *
 * Synchronous, because it is done at the start of every command: twenty small files take a millisecond this way, and
 * several through the thread pool.
 */
export function readInstalledPlugins(directory: string): InstalledPlugins {
  const packages: InstalledPackage[] = [];
  const broken: RejectedPlugin[] = [];
  const list = readList(join(directory, 'package.json'), directory);
  if ('problem' in list) return { packages, broken: [list] };
  for (const registration of list) {
    const read = readPackage(registration);
    if ('problem' in read) broken.push(read);
    else packages.push(read);
  }
  return { packages, broken };
}

function readList(path: string, directory: string): readonly Registration[] | RejectedPlugin {
  let oclif: unknown;
  try {
    ({ oclif } = readObject(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    return {
      package: { name: 'installed plugins', version: '', root: directory, origin: 'user', vmctl: undefined },
      problem: {
        code: 'VMCTL_PLUGIN_LIST_CORRUPT',
        message: `The list of installed plugins cannot be read, so there are none: ${whyUnreadable(path, error)}.`,
        hint: 'Mend the file, or empty the list and install the plugins again: vmctl plugins reset',
      },
    };
  }
  const entries: unknown = isJsonObject(oclif) ? oclif['plugins'] : undefined;
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry) => registrationOf(entry, directory) ?? []);
}

/** Reads an entry of `oclif.plugins`; undefined for what has no name. Old versions of the file have names alone. */
export function readPluginEntry(value: unknown): PluginEntry | undefined {
  if (typeof value === 'string' && value !== '') return { name: value, type: 'user', tag: 'latest' };
  if (!isJsonObject(value)) return undefined;
  const { name, type, root, tag, url, scripts, insteadOf } = value;
  if (typeof name !== 'string' || name === '') return undefined;
  const hidden = type === 'link' ? readPluginEntry(insteadOf) : undefined;
  return {
    // What a later vmctl notes here is kept.
    ...value,
    name,
    type: type === 'link' ? 'link' : 'user',
    root: textOf(root),
    tag: textOf(tag),
    url: textOf(url),
    scripts: scripts === true ? true : undefined,
    insteadOf: hidden?.name === name && hidden.type === 'user' ? hidden : undefined,
  };
}

/** Entries that cannot be read, and links to nowhere, are none. */
function registrationOf(value: unknown, directory: string): Registration | undefined {
  const entry = readPluginEntry(value);
  if (entry === undefined) return undefined;
  const { name, type, root, tag } = entry;
  if (type === 'user')
    return { name, origin: type, root: join(root ?? directory, 'node_modules', name), tag };
  return root === undefined ? undefined : { name, origin: type, root, tag: undefined };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readPackage(registration: Registration): InstalledPackage | RejectedPlugin {
  const { root } = registration;
  const path = join(root, 'package.json');
  let content: Record<string, unknown>;
  try {
    content = readObject(path);
  } catch (error) {
    return unreadable(registration, whyUnreadable(path, error));
  }
  const { version, oclif } = content;
  if (typeof content['name'] !== 'string' || typeof version !== 'string') {
    return unreadable(registration, `${path} has no name and version`);
  }
  if (oclif !== undefined && !isJsonObject(oclif)) {
    return unreadable(registration, `"oclif" in ${path} is not an object`);
  }
  return { ...registration, version, vmctl: content['vmctl'], content };
}

/** A registered plugin that cannot be used, with the command that mends it. */
function unreadable(registration: Registration, why: string): RejectedPlugin {
  const { name, origin, root } = registration;
  return {
    package: { name, version: '', root, origin, vmctl: undefined },
    problem: {
      code: 'VMCTL_PLUGIN_UNREADABLE',
      message: `The plugin ${name} cannot be read: ${why}.`,
      hint:
        origin === 'link'
          ? `Put it back, or unlink it: vmctl plugins unlink ${name}`
          : `Install it again: vmctl plugins install ${name}, or remove it: vmctl plugins uninstall ${name}`,
    },
  };
}

function readObject(path: string): Record<string, unknown> {
  const value: unknown = JSON.parse(readRegularTextSync(path));
  if (!isJsonObject(value)) throw new TypeError('it is not a JSON object');
  return value;
}

function whyUnreadable(path: string, error: unknown): string {
  if (error instanceof NotRegularFile) return error.message;
  if (error instanceof SyntaxError) return `${path} is not JSON: ${messageOf(error)}`;
  switch (errnoOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no ${path}`;
    case undefined:
      return `${path}: ${messageOf(error)}`;
    default:
      return messageOf(error);
  }
}
