import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { imageSourceConformance } from '@vmctl/conformance';
import { DirectorySource } from '../src/source.js';

const directory = await mkdtemp(join(tmpdir(), 'template-word-'));
after(() => rm(directory, { recursive: true }));

// What every image source owes to vmctl: https://www.npmjs.com/package/@vmctl/conformance
await imageSourceConformance(
  { describe, it },
  {
    create: (host) => new DirectorySource(directory, host.error),
    serve: async (content) => {
      const name = `${randomUUID()}.img`;
      const path = join(directory, name);
      await writeFile(path, content);
      return {
        url: new URL(`template-word:///${name}`),
        missing: new URL('template-word:///nowhere.img'),
        replace: (other) => writeFile(path, other),
        open: () => openFiles(path),
        close: () => rm(path),
      };
    },
  },
);

/** How often this process has a file open, as /proc tells. */
async function openFiles(path: string): Promise<number> {
  const fds = await readdir('/proc/self/fd');
  const targets = await Promise.all(fds.map((fd) => readlink(join('/proc/self/fd', fd)).catch(() => '')));
  return targets.filter((target) => target === path).length;
}
