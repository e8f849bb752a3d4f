import type { PluginManifest } from './contract.js';
import { type ManifestProblem, type PluginPackage, readManifest } from './manifest.js';

/** A plugin that may be activated. */
export interface KnownPlugin {
  readonly package: PluginPackage;
  readonly manifest: PluginManifest;
}

/** A package that says it is a plugin and cannot be one. */
export interface RejectedPlugin {
  readonly package: PluginPackage;
  readonly problem: ManifestProblem;
}

/** What a plugin can contribute under a name. */
export type ContributionKind = 'hypervisors' | 'provisioners' | 'imageSources' | 'vmNodes';

const CONTRIBUTION_KINDS: readonly ContributionKind[] = [
  'hypervisors',
  'provisioners',
  'imageSources',
  'vmNodes',
];

/** A name that several claim. */
export interface Conflict {
  readonly kind: ContributionKind;
  readonly key: string;
  /** Sorted. */
  readonly plugins: readonly string[];
  /** Core has it itself, and core's is used. */
  readonly isCores: boolean;
}

/** Who contributes what, from the package.json of each plugin alone: no plugin is imported for it. */
export class PluginCatalog {
  /** Sorted by name. */
  readonly plugins: readonly KnownPlugin[];
  readonly rejected: readonly RejectedPlugin[];

  /**
   * Packages without a `vmctl` field are none of ours and passed over.
   *
   * @param broken - registered packages that cannot even be read; they are among the rejected
   */
  constructor(packages: readonly PluginPackage[], broken: readonly RejectedPlugin[] = []) {
    const plugins: KnownPlugin[] = [];
    const rejected: RejectedPlugin[] = [...broken];
    for (const pkg of packages.toSorted((a, b) => compare(a.name, b.name))) {
      if (pkg.vmctl === undefined) continue;
      const result = readManifest(pkg);
      if (result.ok) plugins.push({ package: pkg, manifest: result.manifest });
      else rejected.push({ package: pkg, problem: result.problem });
    }
    this.plugins = plugins;
    this.rejected = rejected.toSorted((a, b) => compare(a.package.name, b.package.name));
  }

  /** The plugins that contribute `key`; more than one is a conflict. */
  providers(kind: ContributionKind, key: string): readonly KnownPlugin[] {
    return this.plugins.filter((plugin) => contributed(plugin, kind).includes(key));
  }

  /** Every name that more than one plugin claims, or that a plugin claims and core has. */
  conflicts(builtIn: Readonly<Record<ContributionKind, readonly string[]>>): readonly Conflict[] {
    return CONTRIBUTION_KINDS.flatMap((kind) =>
      this.names(kind).flatMap((key): Conflict[] => {
        const plugins = this.providers(kind, key).map((plugin) => plugin.package.name);
        const isCores = builtIn[kind].includes(key);
        return plugins.length > 1 || isCores ? [{ kind, key, plugins, isCores }] : [];
      }),
    );
  }

  /** Every contributed name of that kind, sorted. */
  names(kind: ContributionKind): readonly string[] {
    return [...new Set(this.plugins.flatMap((plugin) => contributed(plugin, kind)))].toSorted(compare);
  }

  /** The plugins that tap stages of every `up`, whatever the VMFile. */
  get pipelinePlugins(): readonly KnownPlugin[] {
    return this.plugins.filter((plugin) => plugin.manifest.contributes.up === true);
  }
}

/** The names of that kind that a plugin says it brings. */
export function contributed(plugin: KnownPlugin, kind: ContributionKind): readonly string[] {
  const { contributes } = plugin.manifest;
  return kind === 'hypervisors' ? Object.keys(contributes.hypervisors ?? {}) : (contributes[kind] ?? []);
}

/** By code unit, the same in every locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
