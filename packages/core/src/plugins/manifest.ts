import { isAbsolute, join, normalize, sep } from 'node:path';
import { isJsonObject } from '../host/json-object.js';
import { VM_NODE_NAME, VM_SETTINGS } from '../vmfile/vm-settings.js';
import { PLUGIN_API_VERSION, type PluginManifest } from './contract.js';

/** An installed package that may be a vmctl plugin, as its package manager sees it. */
export interface PluginPackage {
  readonly name: string;
  /** Empty when it cannot be read. */
  readonly version: string;
  /** The package's directory, absolute. */
  readonly root: string;
  /** The `vmctl` field of its package.json, unchecked. */
  readonly vmctl: unknown;
  /** How it came: `core`, `user` (installed), `link`, `dev`; through a VMFile: `project`, `folder`. */
  readonly origin: string;
  /** What installs it again, for one from a registry: `NAME@TAG`. */
  readonly from?: string | undefined;
}

/** Whether a package was brought by a VMFile, and not by `vmctl plugins`. */
export function isOfProject({ origin }: PluginPackage): boolean {
  return origin === 'project' || origin === 'folder';
}

/** Why a package cannot be used as a plugin. */
export interface ManifestProblem {
  readonly code:
    | 'VMCTL_PLUGIN_API_VERSION'
    | 'VMCTL_PLUGIN_INVALID'
    | 'VMCTL_PLUGIN_LIST_CORRUPT'
    | 'VMCTL_PLUGIN_UNREADABLE';
  readonly message: string;
  readonly hint: string;
}

export type ManifestResult =
  | { readonly ok: true; readonly manifest: PluginManifest }
  | { readonly ok: false; readonly problem: ManifestProblem };

/** Checks the `vmctl` field of a package. The package's code is not touched. */
export function readManifest(pkg: PluginPackage): ManifestResult {
  const { vmctl } = pkg;
  if (!isJsonObject(vmctl)) return invalid(pkg, 'its "vmctl" field is not an object');
  const { apiVersion, entry, contributes } = vmctl;
  if (typeof apiVersion !== 'number' || !Number.isInteger(apiVersion)) {
    return invalid(pkg, '"vmctl.apiVersion" is not a whole number');
  }
  if (apiVersion !== PLUGIN_API_VERSION) return wrongApi(pkg, apiVersion);
  if (typeof entry !== 'string' || entry === '') return invalid(pkg, '"vmctl.entry" is not a path');
  const path = normalize(entry);
  if (isAbsolute(path) || path === '..' || path.startsWith(`..${sep}`)) {
    return invalid(pkg, `"vmctl.entry" leads out of the package: ${entry}`);
  }
  if (contributes !== undefined && !isJsonObject(contributes)) {
    return invalid(pkg, '"vmctl.contributes" is not an object');
  }
  const {
    hypervisors = {},
    provisioners = [],
    imageSources = [],
    vmNodes = [],
    up = false,
  } = contributes ?? {};
  if (!isJsonObject(hypervisors)) return invalid(pkg, '"vmctl.contributes.hypervisors" is not an object');
  const backends: Record<string, { platforms: readonly string[] }> = {};
  for (const [name, value] of Object.entries(hypervisors)) {
    const platforms = isJsonObject(value) ? (value['platforms'] ?? []) : undefined;
    if (!isStrings(platforms)) {
      return invalid(pkg, `"vmctl.contributes.hypervisors.${name}.platforms" is not a list of strings`);
    }
    backends[name] = { platforms };
  }
  if (!isStrings(provisioners)) {
    return invalid(pkg, '"vmctl.contributes.provisioners" is not a list of strings');
  }
  if (!isStrings(imageSources)) {
    return invalid(pkg, '"vmctl.contributes.imageSources" is not a list of strings');
  }
  if (!isStrings(vmNodes) || !vmNodes.every((name) => VM_NODE_NAME.test(name))) {
    return invalid(pkg, '"vmctl.contributes.vmNodes" is not a list of names like "hosts-file"');
  }
  const taken = vmNodes.find((name) => VM_SETTINGS.includes(name));
  if (taken !== undefined) {
    return invalid(pkg, `"vmctl.contributes.vmNodes" has "${taken}", which vmctl itself reads`);
  }
  if (typeof up !== 'boolean' && up !== 'vmNodes') {
    return invalid(pkg, '"vmctl.contributes.up" is not true, false or "vmNodes"');
  }
  if (up === 'vmNodes' && vmNodes.length === 0) {
    return invalid(pkg, '"vmctl.contributes.up" is "vmNodes", but there are none');
  }
  return {
    ok: true,
    manifest: {
      apiVersion,
      entry,
      contributes: { hypervisors: backends, provisioners, imageSources, vmNodes, up },
    },
  };
}

const CONTRIBUTIONS: readonly string[] = ['hypervisors', 'provisioners', 'imageSources', 'vmNodes', 'up'];

/**
 * What of `vmctl.contributes` this vmctl does not know; null when there is nothing. It may be meant for a newer one, so it
 * is no problem of the manifest, but as often it is misspelt, and then the plugin brings less than its author thinks.
 */
export function unknownContributions({ vmctl }: Pick<PluginPackage, 'vmctl'>): string | null {
  const contributes = isJsonObject(vmctl) ? vmctl['contributes'] : undefined;
  const names = Object.keys(isJsonObject(contributes) ? contributes : {});
  const unknown = names.filter((name) => !CONTRIBUTIONS.includes(name)).map((name) => `"${name}"`);
  if (unknown.length === 0) return null;
  return `"vmctl.contributes" has ${unknown.join(', ')}, which this vmctl does not know; it knows ${CONTRIBUTIONS.join(', ')}.`;
}

function wrongApi(pkg: PluginPackage, apiVersion: number): ManifestResult {
  const newer = apiVersion > PLUGIN_API_VERSION;
  return {
    ok: false,
    problem: {
      code: 'VMCTL_PLUGIN_API_VERSION',
      message:
        `The plugin ${pkg.name} ${pkg.version} is written for plugin API ${apiVersion}; ` +
        `this vmctl has API ${PLUGIN_API_VERSION}.`,
      hint: newer
        ? `Update vmctl, or install a version of ${pkg.name} whose package.json says "vmctl": { "apiVersion": ${PLUGIN_API_VERSION} }.`
        : `Install a newer version of ${pkg.name}, one for API ${PLUGIN_API_VERSION}: vmctl plugins install ${pkg.name}@latest`,
    },
  };
}

function invalid(pkg: PluginPackage, what: string): ManifestResult {
  return {
    ok: false,
    problem: {
      code: 'VMCTL_PLUGIN_INVALID',
      message: `The plugin ${pkg.name} ${pkg.version} cannot be used: ${what}.`,
      hint:
        pkg.origin === 'link'
          ? `Mend the "vmctl" field of ${join(pkg.root, 'package.json')}, or unlink it: vmctl plugins unlink ${pkg.name}`
          : `Tell its authors, or remove it: vmctl plugins uninstall ${pkg.name}`,
    },
  };
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
