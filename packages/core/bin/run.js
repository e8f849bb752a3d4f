#!/usr/bin/env node
// Whole, because a name that an old Node.js lacks would end it before it can say that it is too old.
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 22)) {
  process.stderr.write(`vmctl needs Node.js 22.22 or newer; this is ${process.version}.\n`);
  process.exit(3);
}

const { XDG_CACHE_HOME } = process.env;
module.enableCompileCache(
  join(
    XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(homedir(), '.cache'),
    'vmctl',
    'compile-cache',
  ),
);

if (process.argv.length === 3 && process.argv[2] === '--version') {
  // The one command that needs nothing: answered before anything is imported.
  const { name, version } = module.createRequire(import.meta.url)('../package.json');
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
} else if (process.argv[2] === '__complete') {
  // For the scripts of `vmctl completion`: somebody waits with a finger on the key, so oclif is left out.
  const { printCompletion } = await import('../dist/cli/completion/main.js');
  await printCompletion(process.argv.slice(3));
} else {
  if (process.argv[2] === 'up') {
    // Uploads leave buffers behind that V8 finds only when it looks through its young generation. One that does not
    // grow is looked through often. It costs 10 ms at the start.
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--semi-space-growth-factor=1');
  }
  // oclif checks the version as well, and imports all of semver for it: a tenth of what a command costs.
  const { OCLIF_DISABLE_ENGINE_WARNING: given } = process.env;
  process.env.OCLIF_DISABLE_ENGINE_WARNING = '1';
  const { run } = await import('../dist/cli/run.js');
  // For programs that are started from here nothing has changed.
  if (given === undefined) delete process.env.OCLIF_DISABLE_ENGINE_WARNING;
  else process.env.OCLIF_DISABLE_ENGINE_WARNING = given;
  await run(import.meta.url);
}
