import { homeDirectory } from '../host/home-directory.js';
import { type ConfigLookup, findConfig, type FoundConfig } from './find-config.js';
import type { Configuration } from './configuration.js';

/**
 * Reads the configuration: variables of the environment, the file of the project, the file of the user. Where there is
 * none of them nothing is imported, and it is undefined.
 *
 * A file that ends in js, mjs, cjs or ts is run.
 *
 * @param lookup - default: what this process has
 * @throws VMCTL_CONFIG_INVALID with all problems, each with its place
 */
export async function loadConfiguration(
  lookup: Partial<ConfigLookup> = {},
): Promise<Configuration | undefined> {
  const configuration = await inspectConfiguration(lookup);
  if (configuration === undefined || configuration.problems.length === 0) return configuration;
  const { invalidConfig } = await import('./invalid-config.js');
  throw invalidConfig(configuration.problems);
}

/** As {@link loadConfiguration}, but what is wrong is in the result, beside what is right. */
export async function inspectConfiguration(
  given: Partial<ConfigLookup> = {},
): Promise<Configuration | undefined> {
  const lookup = {
    ...given,
    cwd: given.cwd ?? workingDirectory(),
    homeDir: given.homeDir ?? homeDirectory(),
    env: given.env ?? process.env,
  };
  const files = findConfig(lookup);
  return isEmpty(files) && !mentioned(lookup.env) ? undefined : readAll(lookup, files);
}

/** The root for a directory that was removed: nothing is configured there, and commands say what is the matter. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

async function readAll(lookup: ConfigLookup, files: FoundConfig): Promise<Configuration> {
  const { readConfiguration } = await import('./read-configuration.js');
  return readConfiguration(lookup, files);
}

function isEmpty({ project, user, foreign }: FoundConfig): boolean {
  return project.length === 0 && user.length === 0 && foreign.length === 0;
}

/** Whether the environment may say something. */
function mentioned(env: ConfigLookup['env']): boolean {
  return Object.keys(env).some((name) => name.startsWith('VMCTL_'));
}
