import { access, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VmctlError } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import type { PluginEntry } from './plugin-list.js';

/** What is to be installed. */
export type InstallSpec =
  | { readonly kind: 'registry'; readonly name: string; readonly tag: string }
  | { readonly kind: 'folder' | 'tarball'; readonly path: string }
  /** A URL of a tarball or of a git repository, or `owner/repository` of GitHub; npm tells them apart. */
  | { readonly kind: 'url'; readonly url: string };

const REGISTRY = /^(?<name>(?:@[a-z0-9~_.-]+\/)?[a-z0-9~_][a-z0-9~_.-]*)(?:@(?<tag>[^:/]+))?$/i;
const PATH = /^(?:\.{0,2}\/|\.{1,2}$)|^[^:]*\.(?:tgz|tar\.gz|tar)$/;

/**
 * Reads what the user typed. As with npm, a folder begins with `./`, `../` or `/`: a bare word is a package of the
 * registry.
 *
 * @param cwd - where relative paths start
 * @throws VMCTL_USAGE, VMCTL_PLUGIN_NOT_FOUND for a path at which there is nothing, VMCTL_PLUGIN_INVALID for vmctl itself
 */
export async function readInstallSpec(text: string, cwd: string): Promise<InstallSpec> {
  if (text.startsWith('file://')) return local(fileURLToPath(text));
  if (text.startsWith('file:')) return local(resolve(cwd, text.slice('file:'.length)));
  if (PATH.test(text)) return local(resolve(cwd, text));
  const { name, tag = 'latest' } = REGISTRY.exec(text)?.groups ?? {};
  if (name === '@vmctl/core') {
    throw new VmctlError('VMCTL_PLUGIN_INVALID', {
      message: '@vmctl/core is vmctl itself, not a plugin of it.',
      hint: `To update vmctl: npm install -g ${text}`,
    });
  }
  if (name !== undefined) return { kind: 'registry', name, tag };
  if (/^[^-\s][^\s]*[:/][^\s]+$/.test(text) && !/^(?:@[^/]+\/)?[^/@:]+@npm:/.test(text)) {
    return { kind: 'url', url: text };
  }
  throw new VmctlError('VMCTL_USAGE', {
    message: `"${text}" says nothing that could be installed.`,
    hint: 'Give a package (NAME, NAME@VERSION), a path (./plugin, ./plugin.tgz) or a URL (of a tarball or a git repository).',
  });
}

async function local(path: string): Promise<InstallSpec> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fsError(error, { verb: 'read', path });
    throw new VmctlError('VMCTL_PLUGIN_NOT_FOUND', {
      message: `There is no file and no folder ${path}.`,
      hint: 'A package of a registry is named without a path.',
      cause: error,
    });
  }
  if (!isFolder) return { kind: 'tarball', path };
  await mustBePackage(path);
  return { kind: 'folder', path };
}

/** @throws VMCTL_PLUGIN_INVALID for a folder without a package.json, or one that is not there */
export async function mustBePackage(folder: string): Promise<void> {
  try {
    await access(join(folder, 'package.json'));
  } catch (cause) {
    throw new VmctlError('VMCTL_PLUGIN_INVALID', {
      message: `${folder} is not a package: there is no package.json in it.`,
      hint: 'Give the folder in which the package.json of the plugin is.',
      cause,
    });
  }
}

/** What npm is given for it. */
export function npmArgument(spec: InstallSpec): string {
  if (spec.kind === 'registry') return `${spec.name}@${spec.tag}`;
  return spec.kind === 'url' ? spec.url : spec.path;
}

/** How the list keeps it. */
export function entryFields(spec: InstallSpec): Pick<PluginEntry, 'tag' | 'url'> {
  if (spec.kind === 'registry') return { tag: spec.tag };
  return { url: spec.kind === 'url' ? spec.url : `file:${spec.path}` };
}

/** Where an installed plugin came from, to be installed again. */
export function specText({ name, tag, url }: Pick<PluginEntry, 'name' | 'tag' | 'url'>): string {
  return url ?? `${name}@${tag ?? 'latest'}`;
}
