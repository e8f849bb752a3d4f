import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../errors/vmctl-error.js';
import { SourceText } from '../vmfile/source-text.js';
import type { ConfigFile } from './config-file.js';
import type { ConfigProblems } from './problem.js';

/**
 * Runs a configuration that is a program, and takes its default export: settings, or a function that gives them.
 *
 * TypeScript is read by Node.js itself, which leaves types out: `enum` and the like, which are more than types, it does
 * not take.
 */
export async function runProgramConfig(
  { scope, path }: Pick<ConfigFile, 'scope' | 'path'>,
  problems: ConfigProblems,
): Promise<ConfigFile | undefined> {
  try {
    // A module may export anything.
    const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    const value: unknown = await (typeof module.default === 'function' ? module.default() : module.default);
    if (value === undefined) {
      problems.add({
        file: { scope, path, value },
        key: [],
        range: undefined,
        message: 'the program exports no settings',
        hint: 'Write: export default { … }; in a .cjs file: module.exports = { … }',
      });
      return undefined;
    }
    return { scope, path, value };
  } catch (error) {
    await addFailure({ scope, path }, error, problems);
    return undefined;
  }
}

async function addFailure(
  { scope, path }: Pick<ConfigFile, 'scope' | 'path'>,
  error: unknown,
  problems: ConfigProblems,
): Promise<void> {
  const text = new SourceText(await readFile(path, 'utf8').catch(() => ''));
  problems.add({
    file: { scope, path, value: undefined, text },
    key: [],
    range: failedAt(path, error, text),
    message: `the program fails: ${messageOf(error)}`,
    cause: error,
  });
}

/** Where the program's own code failed, which the stack tells; for errors of syntax, its first line. */
function failedAt(path: string, error: unknown, text: SourceText) {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const at = stack.indexOf(path);
  // `file:///dir/vmctl.config.js:3:7`, and in CommonJS `/dir/vmctl.config.cjs:3:7`
  const found = at === -1 ? null : /^:(\d+)(?::(\d+))?/.exec(stack.slice(at + path.length));
  if (found === null) return undefined;
  const [, line = '1', column = '1'] = found;
  const start = text.offset({ line: Number(line), column: Number(column) });
  return { start, end: start + 1 };
}
