import { Config, Errors, flush, type Interfaces, run as runOclif, settings } from '@oclif/core';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { EXIT } from '../errors/registry.js';
import { asError } from '../errors/vmctl-error.js';
import { commandEnded } from '../plugins/command-end.js';
import { foreignCommandError } from './foreign-command.js';
import { separateGuestCommand } from './guest-command-line.js';
import { type CliOptions, loadPlugins } from './load-plugins.js';
import { shareTerminal } from '../ui/shared-terminal.js';
import { endWithLostOutput } from './lost-output.js';
import { asksForJson, errorDocument, exitStatus, showError } from './show-error.js';
import { unknownCommand } from './unknown-command.js';

/** Runs the command line. `url` is the module URL of the executable. */
export async function run(url: string): Promise<void> {
  // With NODE_ENV=test oclif would look for TypeScript sources beside the built commands.
  settings.enableAutoTranspile = false;
  // For help and the like; commands take this over. oclif would wait for ever for what it cannot write.
  process.stdout.on('error', endWithLostOutput);
  // Before plugins are guarded, which remembers what has to stay as it is.
  shareTerminal();
  const require = createRequire(url);
  const path = require.resolve('../package.json');
  // It is core's own, which has what oclif asks for.
  const pjson = require(path) as Interfaces.PJSON;
  const args = separateGuestCommand(process.argv.slice(2));
  const options = await loadPlugins(dirname(path), pjson);
  try {
    await runOclif(args, options);
    await flush();
  } catch (error) {
    await fail(asError(error), args, options);
  }
  commandEnded();
}

/** What no command of core's has shown itself: a command that is none, and the errors of others' commands. */
async function fail(error: Error, args: readonly string[], options: CliOptions): Promise<void> {
  if (error instanceof Errors.ExitError || (error as { code?: unknown }).code === 'EEXIT') {
    process.exitCode = exitStatus(error);
    return;
  }
  const shown = await explain(error, args, options);
  if (asksForJson(args)) process.stdout.write(`${JSON.stringify(errorDocument(shown), null, 2)}\n`);
  else showError(shown);
  process.exitCode = error === shown ? exitStatus(error) : exitStatus(shown) || EXIT.failure;
}

async function explain(error: Error, args: readonly string[], options: CliOptions): Promise<Error> {
  const [, id] = /^command ([^]+) not found$/.exec(error.message) ?? [];
  // Only now, because it costs a second reading of what oclif has in hand.
  const config = await Config.load(options);
  if (id === undefined) return foreignCommandError(error, args, config);
  const words = id.split(':');
  return unknownCommand(words, args.slice(words.length), config);
}
