import { basename, dirname } from 'node:path';
import type { ConfigFile } from './config-file.js';
import type { ConfigLayer } from './config-layer.js';
import { Configuration } from './configuration.js';
import type { ConfigLookup, FoundConfig } from './find-config.js';
import { loadConfigFile } from './load-file.js';
import { ConfigProblems } from './problem.js';
import { readConfigFile } from './read-file.js';
import { readVariables } from './read-variables.js';

/** Reads the files that were found, and the environment. What is wrong is in the result. */
export async function readConfiguration(
  { cwd, env, homeDir }: ConfigLookup,
  files: FoundConfig,
): Promise<Configuration> {
  const problems = new ConfigProblems();
  const layers = [
    readVariables(env, { baseDir: cwd, homeDir }, problems),
    ...(await readScope('project', files.project, homeDir, problems)),
    ...(await readScope('user', files.user, homeDir, problems)),
  ];
  return new Configuration({ layers, files, problems: problems.all });
}

async function readScope(
  scope: ConfigFile['scope'],
  paths: readonly string[],
  homeDir: string,
  problems: ConfigProblems,
): Promise<readonly ConfigLayer[]> {
  const [path, ...others] = paths;
  if (path === undefined) return [];
  if (others.length > 0) {
    const names = paths.map((each) => basename(each));
    problems.add({
      file: { scope, path, value: undefined },
      key: [],
      range: undefined,
      message: `there is more than one file of configuration in ${dirname(path)}: ${names.join(', ')}`,
      hint: 'Keep one of them.',
    });
    return [];
  }
  const file = await loadConfigFile({ scope, path }, problems);
  return file === undefined ? [] : [readConfigFile(file, { homeDir }, problems)];
}
