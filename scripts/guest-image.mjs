/**
 * Builds the guest image for the demo and the end-to-end tests from Debian's packages, once: it is kept outside the
 * repository until the recipe in `guest-image/` changes. Prints the path on stdout.
 *
 *   node scripts/guest-image.mjs [--print-path]
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compressDisk, makeDisk } from './guest-image/disk.mjs';
import { guestImagePath, imageCacheDirectory } from './guest-image/recipe.mjs';
import { makeRootFileSystem } from './guest-image/root-file-system.mjs';
import { asRoot } from './guest-image/root-privileges.mjs';
import { main, run, statusOf } from './processes.mjs';

const script = fileURLToPath(import.meta.url);
const image = guestImagePath();
const cache = imageCacheDirectory();
const buildPrefix = '.build-';

/** @param {string} text */
const say = (text) => process.stderr.write(`guest image: ${text}\n`);

/** Builds in a child that holds the lock: the kernel lets go of it however the child ends. */
async function buildUnderLock() {
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const command = [join(cache, 'lock'), process.execPath, script, '--locked'];
  const busy = 75;
  // stdout is for the path alone.
  /** @type {import('node:child_process').SpawnOptions} */
  const options = { stdio: ['ignore', 2, 2] };
  const status = await statusOf('flock', ['--no-fork', '-n', '-E', `${busy}`, ...command], options);
  if (status === 0) return;
  if (status !== busy) process.exit(status);
  say('another build is under way; waiting for it');
  await run('flock', ['--no-fork', ...command], options);
}

/** @param {string} directory */
const remove = (directory) => run(...asRoot('rm', ['-rf', '--one-file-system', directory]));

async function build() {
  if (existsSync(image)) return;
  // The lock is ours: whoever made these is gone.
  for (const name of await readdir(cache)) {
    if (name.startsWith(buildPrefix)) await remove(join(cache, name));
  }
  const directory = await mkdtemp(join(cache, buildPrefix));
  try {
    const begin = performance.now();
    say('installing Debian 12 from its packages, about a minute');
    const { root, boot } = await makeRootFileSystem(directory);
    say('writing the disk');
    const disk = join(directory, 'disk.raw');
    await makeDisk({ root, boot, disk });
    say('compressing');
    const compressed = join(directory, 'disk.qcow2');
    await compressDisk(disk, compressed);
    await mkdir(dirname(image), { recursive: true });
    await rename(compressed, image);
    say(`ready after ${Math.round((performance.now() - begin) / 1000)} s`);
  } finally {
    await remove(directory);
  }
}

await main(async () => {
  if (process.argv.includes('--locked')) return build();
  if (!process.argv.includes('--print-path') && !existsSync(image)) await buildUnderLock();
  process.stdout.write(`${image}\n`);
});
