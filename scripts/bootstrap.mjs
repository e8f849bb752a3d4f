/**
 * Makes a fresh clone ready to run: npm dependencies, the repository's own Node.js, system packages, build, guest image.
 * Node built-ins only, and nothing newer than Node.js 18: this is what runs first on a machine.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf, repositoryRoot, run, statusOf } from './processes.mjs';

/**
 * Resolves when everything is there, with the path of the guest image. Under a Node.js that is too old for the project
 * it never returns: the script starts again under the one in `node_modules`, and this process ends with its status.
 *
 * @param {'demo' | 'test'} purpose
 * @returns {Promise<{ image: string }>}
 */
export async function bootstrap(purpose) {
  if (!dependenciesAreInstalled()) {
    // With the working tree's lock file, also where a user's settings would leave out devDependencies.
    // `npm ci` refuses a lock file without the optional packages of other platforms, which not every registry has.
    // Under a Node.js that is too old for the tools npm would warn of each of them, hundreds of lines of it; they run under
    // the one that comes with them.
    await run('npm', ['install', '--no-save', '--include=dev', '--loglevel=error']);
  }
  if (!nodeIsNewEnough()) {
    const [, script = '', ...args] = process.argv;
    process.exit(await statusOf(join(repositoryRoot, 'node_modules/.bin/node'), [script, ...args]));
  }
  await run('node', ['scripts/system-packages.mjs', '--for', purpose]);
  await run('node', ['scripts/build.mjs']);
  const image = (await outputOf('node', ['scripts/guest-image.mjs'])).trim();
  return { image };
}

/** Whether `node_modules` is what package-lock.json asks for. */
function dependenciesAreInstalled() {
  // npm writes this one last, so an interrupted installation has none.
  const installedLock = join(repositoryRoot, 'node_modules/.package-lock.json');
  if (!existsSync(installedLock)) return false;
  const installed = readJson(installedLock).packages;
  const wanted = readJson(join(repositoryRoot, 'package-lock.json')).packages;
  return Object.keys(wanted)
    .filter((path) => path.includes('node_modules/') && !wanted[path].optional && !wanted[path].link)
    .every((path) => installed[path]?.version === wanted[path].version);
}

function nodeIsNewEnough() {
  const [, ...minimum] =
    /^>=(\d+)\.(\d+)\./.exec(readJson(join(repositoryRoot, 'package.json')).engines.node) ?? [];
  const [wantedMajor = 0, wantedMinor = 0] = minimum.map(Number);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
