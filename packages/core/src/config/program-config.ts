import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../errors/vmctl-error.js';
import { SourceText } from '../vmfile/source-text.js';
import type { ConfigFile } from './config-file.js';
import type { ConfigProblems } from './problem.js';

/** How long a program may take, for one that looks something up in a network. */
const PROGRAM_MS = 30_000;

/**
 * Runs a configuration that is a program, and takes its default export: settings, or a function that gives them.
 *
 * TypeScript is read by Node.js itself, which leaves types out: `enum` and the like, which are more than types, it does
 * not take.
 *
 * @param options.timeoutMs - one that has not ended after this time is given up; default 30 seconds
 */
export async function runProgramConfig(
  { scope, path }: Pick<ConfigFile, 'scope' | 'path'>,
  problems: ConfigProblems,
  { timeoutMs = PROGRAM_MS }: { readonly timeoutMs?: number } = {},
): Promise<ConfigFile | undefined> {
  const deadline = new AbortController();
  const allowExit = refuseExit();
  try {
    const value = await Promise.race([defaultExport(path), failAfter(timeoutMs, deadline.signal)]);
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
  } finally {
    deadline.abort();
    allowExit();
  }
}

async function defaultExport(path: string): Promise<unknown> {
  // A module may export anything.
  const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  return typeof module.default === 'function' ? module.default() : module.default;
}

/** A program that ends the process would end the command as if it had done its work. */
function refuseExit(): () => void {
  const exit = process.exit.bind(process);
  process.exit = () => {
    throw new Error('it calls process.exit');
  };
  return () => {
    process.exit = exit;
  };
}

/** Keeps the process alive meanwhile: one that waits for nothing would end in the middle of the command. */
async function failAfter(milliseconds: number, signal: AbortSignal): Promise<undefined> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  if (!signal.aborted) throw new Error(`it has not ended after ${milliseconds / 1000} seconds`);
  return undefined;
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
