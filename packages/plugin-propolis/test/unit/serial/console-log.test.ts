import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createRealHost } from '@vmctl/core/testing';
import { prepareConsoleLog } from '../../../src/serial/console-log.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const limits = { limit: 20, kept: 10 };

async function prepare(before?: string): Promise<{ start: number; path: string; text: string }> {
  const path = join(directory.path, 'console.log');
  if (before !== undefined) await writeFile(path, before);
  const { files } = createRealHost({ directory: directory.path });
  const start = await prepareConsoleLog(path, files, limits);
  return { start, path, text: await readFile(path, 'utf8') };
}

describe('console.log before a boot', () => {
  it('is made, for its owner alone', async () => {
    const { start, path } = await prepare();
    expect(start).toBe(0);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('stays as it is while it is not too long', async () => {
    expect(await prepare('an earlier boot\n')).toMatchObject({ start: 16, text: 'an earlier boot\n' });
  });

  it('is cut to its last lines when it is', async () => {
    expect(await prepare('first line\nsecond line\nthird\n')).toMatchObject({ start: 6, text: 'third\n' });
  });
});
