import { resolve } from 'node:path';
import { findConfig } from '../../config/find-config.js';
import { inspectConfiguration } from '../../config/load-configuration.js';
import { expandHome, homeDirectory } from '../../host/home-directory.js';
import { readInstalledPlugins } from '../../plugins/installed-plugins.js';
import { DataDir, resolveDataDir } from '../../state/data-dir.js';
import { pluginsDirectory } from '../plugins-directory.js';
import { type Completion, complete } from './complete.js';
import { findValues, type ValueSources } from './find-values.js';
import { readCommandTree } from './read-commands.js';

/**
 * Prints for a shell what may stand where the cursor is: a line a word, with a tab and what it is, where that is known.
 * Lines that begin with a colon say `:files`, `:directories`, or `:goes-on` for words that no blank follows. Silent about
 * whatever goes wrong: a message would end up in somebody's command line.
 *
 * @param words - `--`, and what was typed after `vmctl` up to the cursor; the last one may be empty
 */
export async function printCompletion([first, ...words]: readonly string[]): Promise<void> {
  process.stdout.on('error', () => undefined);
  try {
    const plugins = readInstalledPlugins(pluginsDirectory(process.env)).packages;
    const tree = readCommandTree(plugins);
    const sources: ValueSources = { cwd: process.cwd(), plugins, tree, dataDir: configuredDataDir };
    const typed = first === '--' ? words : [first ?? '', ...words];
    const completion = await complete(typed, tree, (kind, context) => findValues(kind, context, sources));
    process.stdout.write(completionText(completion));
  } catch {
    // Then nothing is completed.
  }
}

/** A configuration that is a program is not run for a key. */
async function configuredDataDir(): Promise<DataDir> {
  const { env } = process;
  const homeDir = homeDirectory();
  const { project, user } = findConfig({ env, homeDir, cwd: process.cwd() });
  const isProgram = [...project, ...user].some((path) => /\.[cm]?[jt]s$/.test(path));
  const configuration = isProgram ? undefined : await inspectConfiguration();
  const own = configuration?.value('dataDir') ?? (isProgram ? env['VMCTL_DATA_DIR'] : undefined);
  return new DataDir(own ? resolve(expandHome(own, homeDir)) : resolveDataDir(env, homeDir));
}

function completionText({ candidates, paths, goesOn }: Completion): string {
  const lines = candidates.map(({ word, about }) => (about === '' ? word : `${word}\t${oneLine(about)}`));
  if (paths !== undefined) lines.push(`:${paths}`);
  if (goesOn === true) lines.push(':goes-on');
  return lines.map((line) => `${line}\n`).join('');
}

/** The first line, of a length that has room beside a word. */
function oneLine(text: string): string {
  const [line = ''] = text.split('\n', 1);
  return line.length > 90 ? `${line.slice(0, 89)}…` : line;
}
