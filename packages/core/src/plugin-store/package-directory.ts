import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { fsError } from '../host/fs-error.js';
import { isJsonObject } from '../host/json-object.js';
import { type InstallSpec, npmArgument } from './install-spec.js';
import { readJsonObject } from './json-file.js';
import { runNpm, type NpmOptions } from './npm-command.js';

/** A package that was installed into a directory of its own. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** The package, absolute. */
  readonly root: string;
  /** The `vmctl` field of its package.json, unchecked. */
  readonly vmctl: unknown;
}

/** What npm notes about a package in its lock file. */
export interface LockedPackage {
  readonly version?: string | undefined;
  /** URL of the tarball, git URL with the commit, or `file:` path. */
  readonly resolved?: string | undefined;
  /** Subresource integrity, `sha512-…`. */
  readonly integrity?: string | undefined;
}

/** Settings of npm that decide what an installation looks like, so not the user's. */
const LAYOUT_ARGS = [
  '--save',
  '--save-prod',
  '--package-lock',
  '--omit=dev',
  '--install-strategy=hoisted',
  // A folder is copied; `vmctl plugins link` is for those that shall stay where they are.
  '--install-links',
];

/**
 * Installs one package with all that it depends on into a new directory.
 *
 * @param directory - is made; on an error it stays with what is in it, for the caller to remove
 * @throws the errors of {@link runNpm}, VMCTL_PLUGIN_INVALID for what npm installs and is no single package
 */
export async function installPackage(
  directory: string,
  spec: InstallSpec,
  options: Omit<NpmOptions, 'cwd'> & {
    readonly scripts: boolean;
    readonly fresh: boolean;
    readonly coreVersion: string;
  },
): Promise<InstalledPackage> {
  try {
    await writeProject(directory, options.coreVersion);
  } catch (error) {
    throw fsError(error, { verb: 'make the directory', path: directory });
  }
  await runNpm(
    [
      'install',
      npmArgument(spec),
      ...LAYOUT_ARGS,
      options.scripts ? '--no-ignore-scripts' : '--ignore-scripts',
      ...(options.fresh ? ['--prefer-online'] : []),
    ],
    { ...options, cwd: directory },
  );
  const project = await readJsonObject(join(directory, 'package.json'));
  const [alias, ...others] = Object.keys(
    isJsonObject(project['dependencies']) ? project['dependencies'] : {},
  );
  if (alias === undefined || others.length > 0) {
    throw new VmctlError('VMCTL_PLUGIN_INVALID', {
      message: `${npmArgument(spec)} is no package that npm can install by itself.`,
    });
  }
  const root = join(directory, 'node_modules', alias);
  const { name, version, vmctl } = await readJsonObject(join(root, 'package.json'));
  if (name !== alias || typeof version !== 'string') {
    throw new VmctlError('VMCTL_PLUGIN_INVALID', {
      message: `The package.json of ${npmArgument(spec)} has no version, or another name than ${alias}.`,
    });
  }
  return { name: alias, version, root, vmctl };
}

/** What npm locked in a directory, by path (`node_modules/NAME`); nothing where there is no lock file. */
export async function readLock(directory: string): Promise<Readonly<Record<string, LockedPackage>>> {
  try {
    const { packages } = await readJsonObject(join(directory, 'package-lock.json'));
    // Written by npm; fields that are missing read as undefined.
    return isJsonObject(packages) ? (packages as Record<string, LockedPackage>) : {};
  } catch {
    return {};
  }
}

/**
 * An empty npm project in which `@vmctl/core` stands for itself: a plugin has it as a peer for its types, and npm would
 * otherwise install a second core beside the plugin.
 */
async function writeProject(directory: string, coreVersion: string): Promise<void> {
  const core = join(directory, 'core');
  await mkdir(core, { recursive: true, mode: 0o700 });
  const files = {
    'package.json': { private: true, overrides: { '@vmctl/core': `file:${core}` } },
    'core/package.json': {
      name: '@vmctl/core',
      version: coreVersion,
      description: 'Stands for the vmctl that runs',
      exports: { './package.json': './package.json', '.': './index.cjs', './*': './index.cjs' },
    },
  };
  for (const [path, content] of Object.entries(files)) {
    await writeFile(join(directory, path), `${JSON.stringify(content, null, 2)}\n`);
  }
  const message =
    'A plugin imports types only from @vmctl/core; at run time it takes everything from "host".';
  await writeFile(join(core, 'index.cjs'), `throw new Error(${JSON.stringify(message)});\n`);
}
