import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './vmctl-home.js';

/** The path of the guest image for tests; it is built when it is not in the cache. */
export async function guestImage(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(repositoryRoot, 'scripts/guest-image.mjs'),
  ]);
  const path = stdout.trim().split('\n').at(-1);
  if (path === undefined || path === '') throw new Error('scripts/guest-image.mjs printed no path');
  return path;
}
