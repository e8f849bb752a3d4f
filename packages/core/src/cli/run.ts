import { flush, type Interfaces, run as runOclif, settings } from '@oclif/core';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { asError } from '../errors/vmctl-error.js';
import { commandEnded } from '../plugins/command-end.js';
import { separateGuestCommand } from './guest-command-line.js';
import { loadPlugins } from './load-plugins.js';
import { shareTerminal } from '../ui/shared-terminal.js';
import { endWithLostOutput } from './lost-output.js';

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
    const { showFailure } = await import('./command-failure.js');
    await showFailure(asError(error), args, options);
  }
  commandEnded();
}
