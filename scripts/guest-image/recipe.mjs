/** Where a built image is kept: a directory named after everything that decides what is in it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory of the recipe: this one. */
export const recipeDirectory = fileURLToPath(new URL('.', import.meta.url));

/** The directory of all images, outside the repository so that a fresh clone finds them. */
export function imageCacheDirectory() {
  const { XDG_CACHE_HOME } = process.env;
  const cache =
    XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(cache, 'vmctl-guest-image');
}

/** The path of the image that this recipe makes, built or not. */
export function guestImagePath() {
  return join(imageCacheDirectory(), recipeDigest(), 'debian-12.qcow2');
}

/** The same for the same recipe files (names, contents, execute permission). */
function recipeDigest() {
  const hash = createHash('sha256');
  const files = readdirSync(recipeDirectory, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(recipeDirectory, name)).isFile())
    .sort();
  for (const name of files) {
    const content = readFileSync(join(recipeDirectory, name));
    const executable = (statSync(join(recipeDirectory, name)).mode & 0o100) !== 0;
    hash.update(`${name}\0${executable}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}
