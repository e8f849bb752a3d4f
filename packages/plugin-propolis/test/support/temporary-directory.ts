import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';

/** Gives each test of the file a directory of its own, which is removed after it. */
export function useTemporaryDirectory(): { readonly path: string } {
  const directory = { path: '' };
  beforeEach(async () => {
    directory.path = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-propolis-'));
  });
  afterEach(async () => {
    await rm(directory.path, { recursive: true, force: true });
  });
  return directory;
}
