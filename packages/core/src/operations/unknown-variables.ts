import { MIRRORS_VARIABLE, SETTINGS } from '../config/settings.js';
import { nearest } from '../errors/nearest.js';
import type { Runtime } from './runtime.js';

/** A variable of the environment that is named like one of vmctl's, and counts for nothing. */
export interface UnknownVariable {
  /** Its name, mistyped as it is. */
  readonly variable: string;
  /** The known one that may have been meant; null when none is near. */
  readonly near: string | null;
}

const PREFIX = 'VMCTL_';

/** Those of vmctl that are no settings. */
const PLACES = ['VMCTL_CONFIG_DIR', 'VMCTL_CACHE_DIR', 'VMCTL_NPM_REGISTRY'];

/** Those that oclif and tests of plugins know, without the prefix; nobody is pointed to them. */
const INTERNAL = [
  'BINPATH',
  'DEBUG',
  'DISABLE_THEME',
  'FORCE_VERSION_CACHE_UPDATE',
  'NEW_VERSION_CHECK_TAG',
  'NOOP_SSH',
  'NPM_LOG_LEVEL',
  'SKIP_NEW_VERSION_CHECK',
];

/**
 * The variables that somebody has set for vmctl and that nobody reads, by name. Where there may be one, every installed
 * backend is loaded, for only backends know their variables.
 */
export async function unknownVariables(runtime: Runtime): Promise<readonly UnknownVariable[]> {
  const known = [...Object.values(SETTINGS).map(({ variable }) => variable), MIRRORS_VARIABLE, ...PLACES];
  const isKnown = new Set([...known, ...INTERNAL.map((name) => `${PREFIX}${name}`)]);
  const suspects = Object.entries(runtime.env)
    // An empty one counts as not set.
    .filter(([name, value]) => name.startsWith(PREFIX) && value !== undefined && value !== '')
    .map(([name]) => name)
    .filter((name) => !isKnown.has(name));
  if (suspects.length === 0) return [];
  const ofBackends = await backendVariables(runtime);
  return suspects
    .filter((name) => !ofBackends.includes(name))
    .toSorted()
    .map((variable) => ({ variable, near: near(variable, [...known, ...ofBackends]) }));
}

async function backendVariables(runtime: Runtime): Promise<readonly string[]> {
  const plugins = await runtime.plugins();
  const variables = await Promise.all(
    plugins.installed('hypervisors').map(async (name) => {
      try {
        await runtime.router.backend(name);
      } catch {
        return []; // `vmctl doctor` says why
      }
      const { settings } = await runtime.backendConfiguration.inspect(name);
      return Object.values(settings).map(({ variable }) => variable);
    }),
  );
  return variables.flat().filter((variable) => variable !== undefined);
}

/** What all of them begin with makes none of them near. */
function near(variable: string, known: readonly string[]): string | null {
  const found = nearest(
    variable.slice(PREFIX.length),
    known.map((each) => each.slice(PREFIX.length)),
  );
  return found === undefined ? null : PREFIX + found;
}

/** One of them in a sentence. */
export function unknownVariableText({ variable, near: meant }: UnknownVariable): string {
  const hint = meant === null ? '' : ` Did you mean ${meant}?`;
  return `The variable ${variable} counts for nothing: neither vmctl nor an installed backend has it.${hint}`;
}
