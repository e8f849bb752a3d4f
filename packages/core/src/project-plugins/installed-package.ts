import { access, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { readRegularText } from '../host/regular-file.js';
import { type PluginPackage, readManifest } from '../plugins/manifest.js';
import { placeOf } from './pin.js';

/** Where a plugin that a VMFile requires comes from: vmctl's store for projects, or a folder of the repository. */
export type ProjectOrigin = 'project' | 'folder';

/** The package in a directory; undefined when there is none that can be read. */
export async function readPackage(root: string, origin: ProjectOrigin): Promise<PluginPackage | undefined> {
  let content: unknown;
  try {
    content = JSON.parse(await readRegularText(join(root, 'package.json')));
  } catch {
    return undefined;
  }
  const { name, version, vmctl } = (content ?? {}) as Readonly<Record<string, unknown>>; // fields are checked below
  if (typeof name !== 'string' || typeof version !== 'string') return undefined;
  return { name, version, root, vmctl, origin };
}

/**
 * Makes sure that a required package is a plugin of this vmctl; its code is not touched.
 *
 * @throws VMCTL_PLUGIN_INVALID, VMCTL_PLUGIN_API_VERSION
 */
export async function mustBePlugin(pkg: PluginPackage): Promise<void> {
  const { name, version, root, origin } = pkg;
  if (pkg.vmctl === undefined) {
    throw new VmctlError('VMCTL_PLUGIN_INVALID', {
      message: `The VMFile requires ${name} ${version}, which is no plugin of vmctl: its package.json has no "vmctl" field.`,
      hint: 'Check the name in "plugins" of the VMFile.',
      details: { plugin: name },
    });
  }
  const manifest = readManifest(pkg);
  if (!manifest.ok) {
    throw new VmctlError(manifest.problem.code, {
      message: manifest.problem.message,
      hint: 'Require another version of it in "plugins" of the VMFile, or tell its authors.',
      details: { plugin: name },
    });
  }
  const entry = join(root, manifest.manifest.entry);
  try {
    await access(entry);
  } catch (cause) {
    throw new VmctlError('VMCTL_PLUGIN_LOAD_FAILED', {
      message: `The plugin ${name} ${version} lacks its entry ${entry}.`,
      hint:
        origin === 'folder'
          ? `Build it: npm install && npm run build in ${root}`
          : 'Require another version of it in "plugins" of the VMFile, or tell its authors.',
      cause,
      details: { plugin: name },
    });
  }
}

/** The integrity that npm noted when it installed a package; undefined for what it did not take from a tarball. */
export async function integrityOf({ name, root }: PluginPackage): Promise<string | undefined> {
  const place = placeOf(name);
  try {
    // An installed plugin is a link to its package, which is in a tree of its own.
    const path = await realpath(root);
    if (!path.endsWith(`/${place}`)) return undefined;
    const hiddenLock = join(path.slice(0, -place.length), 'node_modules', '.package-lock.json');
    const { packages } = JSON.parse(await readRegularText(hiddenLock)) as {
      packages?: Readonly<Record<string, { integrity?: unknown }>>; // npm's own file; anything else gives undefined
    };
    const integrity = packages?.[place]?.integrity;
    return typeof integrity === 'string' ? integrity : undefined;
  } catch {
    return undefined;
  }
}
