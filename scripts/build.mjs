/** Builds every package: type check and compile, bundle, oclif manifests. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { main, repositoryRoot, run } from './processes.mjs';

/** Packages whose commands oclif can answer from a manifest without importing them. */
function packagesWithCommands() {
  return globSync('packages/*/package.json', { cwd: repositoryRoot })
    .filter((path) => JSON.parse(readFileSync(join(repositoryRoot, path), 'utf8')).oclif?.commands)
    .map((path) => dirname(path))
    .toSorted();
}

await main(async () => {
  await run('tsc', ['-b']);
  if (existsSync(join(repositoryRoot, 'scripts/bundle.mjs'))) await run('node', ['scripts/bundle.mjs']);
  for (const directory of packagesWithCommands()) {
    await run('oclif', ['manifest'], { cwd: join(repositoryRoot, directory) });
  }
});
