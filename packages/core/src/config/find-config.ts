import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { expandHome } from '../host/home-directory.js';

const FORMATS = ['json', 'yaml', 'yml', 'js', 'mjs', 'cjs', 'ts'] as const;
const PACKAGE = 'package.json';

/** The names of a project's file, in the order in which they are named to people. */
export const PROJECT_NAMES: readonly string[] = [
  ...FORMATS.map((format) => `vmctl.config.${format}`),
  '.vmctlrc',
  '.vmctlrc.json',
  '.vmctlrc.yaml',
  '.vmctlrc.yml',
];

/** The names of the user's file, in the user's directory. */
export const USER_NAMES: readonly string[] = FORMATS.map((format) => `config.${format}`);

/** Where configuration is looked for; everything absolute. */
export interface ConfigLookup {
  /** From where the project's file is looked for upwards, and from where relative paths in variables start. */
  readonly cwd: string;
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user whose files are read. Default: the one that this process runs as. */
  readonly uid?: number | undefined;
}

/** The files that are there. Absolute paths. */
export interface FoundConfig {
  /** Those of the nearest directory that has one, from the working directory upwards; more than one is a mistake. */
  readonly project: readonly string[];
  /** Those of the user's directory. */
  readonly user: readonly string[];
  /** What is not read, because somebody else put it where everybody may write: it may be a program. */
  readonly foreign: readonly string[];
}

/**
 * Finds configuration files, by their names alone: most commands find none, and must not pay for reading one. All of it
 * is done at once and not asynchronously, for it is a handful of directories.
 */
export function findConfig(lookup: ConfigLookup): FoundConfig {
  const foreign: string[] = [];
  const mayUse = (path: string): boolean => {
    if (!isForeign(path, lookup.uid ?? process.getuid?.())) return true;
    foreign.push(path);
    return false;
  };
  let project: readonly string[] = [];
  for (let directory = lookup.cwd; ; directory = dirname(directory)) {
    project = filesIn(directory, PROJECT_NAMES, hasSettings).filter(mayUse);
    if (project.length > 0 || dirname(directory) === directory) break;
  }
  return { project, user: filesIn(userDirectory(lookup), USER_NAMES).filter(mayUse), foreign };
}

/** `$VMCTL_CONFIG_DIR`, or `$XDG_CONFIG_HOME/vmctl`, usually `~/.config/vmctl`. */
export function userDirectory({ env, homeDir, cwd }: Pick<ConfigLookup, 'env' | 'homeDir' | 'cwd'>): string {
  const own = env['VMCTL_CONFIG_DIR'];
  if (own !== undefined && own !== '') return resolve(cwd, expandHome(own, homeDir));
  const base = env['XDG_CONFIG_HOME'];
  // A relative one is ignored, as the XDG Base Directory Specification asks.
  return join(base !== undefined && isAbsolute(base) ? base : join(homeDir, '.config'), 'vmctl');
}

function filesIn(
  directory: string,
  names: readonly string[],
  isConfig?: (packagePath: string) => boolean,
): readonly string[] {
  let present: ReadonlySet<string>;
  try {
    present = new Set(readdirSync(directory));
  } catch {
    return []; // not there, or not for this user to look into
  }
  const found = names.filter((name) => present.has(name)).map((name) => join(directory, name));
  const packagePath = join(directory, PACKAGE);
  return isConfig !== undefined && present.has(PACKAGE) && isConfig(packagePath)
    ? [...found, packagePath]
    : found;
}

/**
 * Whether the field `vmctl` of a package.json is configuration. In a plugin's package it is the plugin's manifest, which
 * always says `apiVersion`.
 */
function hasSettings(path: string): boolean {
  try {
    // A pipe would be waited for.
    if (!statSync(path).isFile()) return false;
    const text = readFileSync(path, 'utf8');
    // Most have none, and need not be parsed.
    if (!text.includes('"vmctl"')) return false;
    const { vmctl } = JSON.parse(text.replace(/^\ufeff/, '')) as { readonly vmctl?: unknown };
    const isManifest =
      typeof vmctl === 'object' &&
      vmctl !== null &&
      ['apiVersion', 'entry', 'contributes'].some((key) => Object.hasOwn(vmctl, key));
    return vmctl !== undefined && !isManifest;
  } catch {
    return false; // one that npm itself cannot read says nothing about vmctl
  }
}

/**
 * Whether another user than this one and root has put a file where everybody may, such as /tmp: also a link, which can
 * lead to any program of this user.
 */
function isForeign(path: string, uid: number | undefined): boolean {
  try {
    const owners = [lstatSync(path).uid, statSync(path).uid];
    if (uid === undefined || owners.every((owner) => owner === uid || owner === 0)) return false;
    return (statSync(dirname(path)).mode & 0o002) !== 0;
  } catch {
    return false; // whoever reads it says what is the matter
  }
}
