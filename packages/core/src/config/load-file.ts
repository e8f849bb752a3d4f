import { basename, extname } from 'node:path';
import { messageOf } from '../errors/vmctl-error.js';
import { readBounded, type Unbounded } from '../host/bounded-file.js';
import { fsError } from '../host/fs-error.js';
import { LARGEST } from '../vmfile/file-content.js';
import type { ConfigFile } from './config-file.js';
import type { ConfigProblems } from './problem.js';

const PROGRAMS: readonly string[] = ['.js', '.mjs', '.cjs', '.ts'];

/**
 * Reads a file of configuration. One that cannot be read is a problem, and undefined.
 *
 * @param where.path - absolute; its name says the format: a name without one is YAML, of which JSON is a part
 */
export async function loadConfigFile(
  where: Pick<ConfigFile, 'scope' | 'path'>,
  problems: ConfigProblems,
): Promise<ConfigFile | undefined> {
  const { path } = where;
  const unusable = (
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown },
  ): undefined => {
    problems.add({ file: { ...where, value: undefined }, key: [], range: undefined, message, ...options });
    return undefined;
  };
  let bytes: Uint8Array | Unbounded;
  try {
    // A program is only looked at here: Node.js itself would wait for a pipe for ever.
    bytes = await readBounded(path, LARGEST);
  } catch (cause) {
    return unusable(messageOf(fsError(cause, { verb: 'read the configuration', path })), { cause });
  }
  if (bytes === 'not-a-file') return unusable('it is not a file', { hint: 'Move it away.' });
  if (PROGRAMS.includes(extname(path))) {
    return (await import('./program-config.js')).runProgramConfig(where, problems);
  }
  if (bytes === 'too-large') return unusable('the file is larger than 1 MiB, and no configuration is', {});
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    return unusable('the file is not UTF-8 text', { hint: 'Save it as UTF-8.', cause });
  }
  // Its import takes longer than all of a short command.
  const { readTextConfig } = await import('./text-config.js');
  const field = basename(path) === 'package.json' ? 'vmctl' : undefined;
  return readTextConfig(text, { ...where, field }, problems);
}
