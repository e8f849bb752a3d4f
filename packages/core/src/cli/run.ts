import { execute, settings } from '@oclif/core';

/** Runs the command line. `url` is the module URL of the executable. */
export async function run(url: string): Promise<void> {
  // With NODE_ENV=test oclif would look for TypeScript sources beside the built commands.
  settings.enableAutoTranspile = false;
  await execute({ dir: url });
}
