import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { isJsonObject } from '../host/json-object.js';
import type { RejectedPlugin } from '../plugins/catalog.js';
import type { PluginManifest } from '../plugins/contract.js';
import { type ManifestProblem, type PluginPackage, readManifest } from '../plugins/manifest.js';
import { specText } from './install-spec.js';
import { readJsonObject } from './json-file.js';
import { readLock } from './package-directory.js';
import type { PluginEntry } from './plugin-list.js';
import { packageRoot } from './plugin-directories.js';

/** Where a plugin comes from: with vmctl, by `plugins install`, by `plugins link`. */
export type PluginOrigin = 'bundled' | 'installed' | 'linked';

/** A plugin as `vmctl plugins` lists it. */
export interface PluginListing {
  readonly name: string;
  /** Null when its package.json cannot be read. */
  readonly version: string | null;
  readonly origin: PluginOrigin;
  /** What it was installed as; null for what comes with vmctl. */
  readonly from: string | null;
  /** The package, absolute. */
  readonly root: string;
  readonly apiVersion: number | null;
  /** Null for a plugin of oclif alone, and for a broken one. */
  readonly contributes: PluginManifest['contributes'] | null;
  /** Why it cannot be used. */
  readonly problem: ManifestProblem | null;
}

/** Everything that can be said about a plugin without running it. */
export interface PluginDetails extends PluginListing {
  readonly description: string | null;
  readonly license: string | null;
  readonly homepage: string | null;
  /** The entry module, relative to the package. */
  readonly entry: string | null;
  /** URL of the tarball, or git URL with the commit, that npm fetched. */
  readonly resolved: string | null;
  /** Subresource integrity of that tarball, `sha512-…`. */
  readonly integrity: string | null;
  /** The files of the package without its dependencies; paths relative to it, sizes in bytes. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** What its package.json asks for, and what is there; `version` null: nothing. */
  readonly dependencies: readonly {
    readonly name: string;
    readonly range: string;
    readonly version: string | null;
  }[];
}

/** What is known of the plugins of a user. */
export interface KnownPlugins {
  /** Those that oclif has. */
  readonly packages: readonly PluginPackage[];
  /** Those that it has not, because they cannot be read. */
  readonly broken: readonly RejectedPlugin[];
  /** The list of the store. */
  readonly entries: readonly PluginEntry[];
  /** oclif's data directory. */
  readonly directory: string;
}

/** The plugins by name, broken ones too. */
export function listPlugins({ packages, broken, entries, directory }: KnownPlugins): PluginListing[] {
  const loaded = packages.map((pkg) =>
    describe(
      pkg,
      entries.find(({ name, type }) => name === pkg.name && type === pkg.origin),
    ),
  );
  const names = new Set(packages.map(({ name }) => name));
  const lost = entries
    .filter(({ name }) => !names.has(name))
    .map((entry) => {
      const known = broken.find((each) => each.package.name === entry.name);
      return lostPlugin(entry, known?.problem, directory);
    });
  return [...loaded, ...lost].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function describe(pkg: PluginPackage, entry: PluginEntry | undefined): PluginListing {
  const base = {
    name: pkg.name,
    version: pkg.version,
    origin: originOf(pkg.origin),
    from: entry === undefined ? null : fromOf(entry),
    root: pkg.root,
    apiVersion: null,
    contributes: null,
    problem: null,
  };
  if (pkg.vmctl === undefined) return base;
  const result = readManifest(pkg);
  return result.ok
    ? { ...base, apiVersion: result.manifest.apiVersion, contributes: result.manifest.contributes }
    : { ...base, problem: result.problem };
}

function lostPlugin(
  entry: PluginEntry,
  problem: ManifestProblem | undefined,
  directory: string,
): PluginListing {
  const root = packageRoot(entry, directory);
  const from = fromOf(entry);
  return {
    name: entry.name,
    version: null,
    origin: originOf(entry.type),
    from,
    root,
    apiVersion: null,
    contributes: null,
    problem: {
      code: problem?.code ?? 'VMCTL_PLUGIN_UNREADABLE',
      message: problem?.message ?? `The plugin ${entry.name} cannot be read from ${root}.`,
      // Here it is known where it came from.
      hint:
        entry.type === 'link'
          ? `Put its folder back, or unlink it: vmctl plugins unlink ${entry.name}`
          : `Install it again: vmctl plugins install ${from}, or remove it: vmctl plugins uninstall ${entry.name}`,
    },
  };
}

function originOf(type: string): PluginOrigin {
  if (type === 'link') return 'linked';
  return type === 'user' ? 'installed' : 'bundled';
}

function fromOf(entry: PluginEntry): string {
  return entry.type === 'link' ? (entry.root ?? '') : specText(entry);
}

/** All about one plugin. @throws VMCTL_PLUGIN_INVALID when its package.json cannot be read */
export async function inspectPlugin(
  listing: PluginListing,
  entry: PluginEntry | undefined,
): Promise<PluginDetails> {
  const { root } = listing;
  const manifest = await readJsonObject(join(root, 'package.json'));
  const { vmctl, dependencies } = manifest;
  const locked = entry?.type === 'user' && entry.root !== undefined ? await readLock(entry.root) : {};
  const { resolved, integrity } = locked[`node_modules/${listing.name}`] ?? {};
  return {
    ...listing,
    description: textOf(manifest['description']),
    license: textOf(manifest['license']),
    homepage: textOf(manifest['homepage']),
    entry: isJsonObject(vmctl) ? textOf(vmctl['entry']) : null,
    // Of a local file or folder `from` says more.
    resolved: resolved?.startsWith('file:') === true ? null : (resolved ?? null),
    integrity: integrity ?? null,
    files: await filesOf(root),
    dependencies: await Promise.all(
      Object.entries(isJsonObject(dependencies) ? dependencies : {}).map(async ([name, range]) => ({
        name,
        range: String(range),
        version: await versionFrom(root, name),
      })),
    ),
  };
}

async function filesOf(root: string): Promise<PluginDetails['files']> {
  const files: { path: string; bytes: number }[] = [];
  const visit = async (directory: string): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        // A linked package is a working copy.
        if (entry.name !== 'node_modules' && entry.name !== '.git') await visit(path);
      } else if (entry.isFile()) {
        files.push({ path: relative(root, path), bytes: (await stat(path)).size });
      }
    }
  };
  await visit(root);
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** The version of a dependency that a module of the package gets, found as Node.js does. */
async function versionFrom(root: string, name: string): Promise<string | null> {
  for (let directory = root; ; directory = dirname(directory)) {
    try {
      const { version } = await readJsonObject(join(directory, 'node_modules', name, 'package.json'));
      return textOf(version);
    } catch {
      if (directory === dirname(directory) || directory === sep) return null;
    }
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
