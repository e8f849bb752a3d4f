import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { PLUGIN_API_VERSION, type PluginManifest } from '../plugins/contract.js';
import { type ManifestProblem, readManifest } from '../plugins/manifest.js';
import type { InstallSpec } from './install-spec.js';
import { runNpm, type NpmOptions } from './npm-command.js';
import type { InstalledPackage } from './package-directory.js';

/**
 * Makes sure that a package is a plugin for this vmctl, before it is one of the installed.
 *
 * @throws VMCTL_PLUGIN_INVALID when it is none; VMCTL_PLUGIN_API_VERSION for a plugin of another vmctl, with the version
 *   that fits where the registry has one
 */
export async function checkPlugin(
  installed: InstalledPackage,
  spec: InstallSpec,
  npm: NpmOptions,
): Promise<PluginManifest> {
  const { name, version, vmctl } = installed;
  if (vmctl === undefined) {
    throw new VmctlError('VMCTL_PLUGIN_INVALID', {
      message: `${name} ${version} is not a plugin of vmctl: its package.json has no "vmctl" field. It was not installed.`,
      hint: 'Check the name. Packages of plugins have the keyword "vmctl-plugin": npm search keywords:vmctl-plugin',
      details: { plugin: name, version },
    });
  }
  const result = readManifest({ ...installed, origin: 'user' });
  if (result.ok) {
    await mustHaveEntry(installed, result.manifest.entry, spec);
    return result.manifest;
  }
  const { code, message, hint } = result.problem;
  const wrongVersion = code === 'VMCTL_PLUGIN_API_VERSION';
  const fitting = wrongVersion && spec.kind === 'registry' ? await fittingVersion(name, npm) : undefined;
  throw new VmctlError(code, {
    message: `${message} It was not installed.`,
    hint:
      fitting !== undefined
        ? `Version ${fitting} fits this vmctl: vmctl plugins install ${name}@${fitting}`
        : wrongVersion
          ? `No version of ${name} that npm knows has plugin API ${PLUGIN_API_VERSION}. ${hint}`
          : 'Tell its authors, or try another version of it.',
    details: { plugin: name, version, fittingVersion: fitting ?? null },
  });
}

async function mustHaveEntry(
  { name, version, root }: InstalledPackage,
  entry: string,
  spec: InstallSpec,
): Promise<void> {
  try {
    await access(join(root, entry));
  } catch (cause) {
    throw new VmctlError('VMCTL_PLUGIN_INVALID', {
      message: `${name} ${version} cannot be used: its entry ${entry} is not in the package. It was not installed.`,
      hint: withoutEntry(spec),
      cause,
      details: { plugin: name, version },
    });
  }
}

/** The problem of a linked plugin whose entry is not there; null when it is. */
export async function whyNotBuilt(plugin: {
  readonly name: string;
  readonly version: string;
  readonly root: string;
  readonly entry: string;
}): Promise<ManifestProblem | null> {
  const { name, version, root, entry } = plugin;
  try {
    await access(join(root, entry));
    return null;
  } catch {
    return {
      code: 'VMCTL_PLUGIN_INVALID',
      message: `The plugin ${name} ${version} is not built: its entry ${entry} is not there.`,
      hint: `Build it: npm install && npm run build in ${root}`,
    };
  }
}

function withoutEntry(spec: InstallSpec): string {
  switch (spec.kind) {
    case 'folder':
      return `Build it there (npm run build in ${spec.path}), or use it from there while you write it: vmctl plugins link ${spec.path}`;
    case 'url':
      return 'A package from git may have to be built first: add --run-scripts, which lets npm run its "prepare" script.';
    default:
      return 'It was not built before it was packed, or "files" of its package.json leaves the entry out: npm pack --dry-run shows it. Tell its authors.';
  }
}

/** The newest version in the registry that is written for this plugin API; undefined when none is known. */
async function fittingVersion(name: string, npm: NpmOptions): Promise<string | undefined> {
  let versions: unknown;
  try {
    const { stdout } = await runNpm(['view', `${name}@>=0.0.0-0`, 'version', 'vmctl.apiVersion'], npm);
    versions = JSON.parse(stdout);
  } catch (error) {
    npm.signal.throwIfAborted();
    if (error instanceof SyntaxError || error instanceof VmctlError) return undefined;
    throw error;
  }
  const fitting = (Array.isArray(versions) ? versions : [versions]).flatMap((each: unknown) =>
    isVersion(each) && each['vmctl.apiVersion'] === PLUGIN_API_VERSION ? [each.version] : [],
  );
  const { compare, prerelease } = (await import('semver')).default;
  const released = fitting.filter((version) => prerelease(version) === null);
  return (released.length > 0 ? released : fitting).toSorted(compare).at(-1);
}

function isVersion(value: unknown): value is { version: string; 'vmctl.apiVersion'?: unknown } {
  return (
    typeof value === 'object' && value !== null && 'version' in value && typeof value.version === 'string'
  );
}
