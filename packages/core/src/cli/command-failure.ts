import { Config, Errors } from '@oclif/core';
import { foreignCommandError } from './foreign-command.js';
import type { CliOptions } from './load-plugins.js';
import { asksForJson, errorDocument, exitStatus, showError } from './show-error.js';
import { unknownCommand } from './unknown-command.js';

/**
 * Shows what no command of core's has shown itself: a command that is none, and the errors of others' commands. Sets the
 * exit status.
 */
export async function showFailure(error: Error, args: readonly string[], options: CliOptions): Promise<void> {
  // By shape: another plugin's copy of oclif has an ExitError of its own.
  const isExit = error instanceof Errors.ExitError || ('code' in error && error.code === 'EEXIT');
  if (!isExit) {
    const shown = await explain(error, args, options);
    if (asksForJson(args)) process.stdout.write(`${JSON.stringify(errorDocument(shown), null, 2)}\n`);
    else showError(shown);
    process.exitCode = exitStatus(shown);
  } else process.exitCode = exitStatus(error);
}

async function explain(error: Error, args: readonly string[], options: CliOptions): Promise<Error> {
  const [, id] = /^command ([^]+) not found$/.exec(error.message) ?? [];
  // Only now, because it costs a second reading of what oclif has in hand.
  const config = await Config.load(options);
  if (id === undefined) return foreignCommandError(error, args, config);
  const words = wordsOf(id, args);
  return unknownCommand(words, args.slice(words.length), config);
}

/** The words that oclif has joined to an id. One of them may have colons itself, as `8080:80`. */
function wordsOf(id: string, args: readonly string[]): readonly string[] {
  const count = args.findIndex((_, index) => args.slice(0, index + 1).join(':') === id) + 1;
  return count === 0 ? id.split(':') : args.slice(0, count);
}
