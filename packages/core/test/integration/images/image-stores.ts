import { join } from 'node:path';
import type { VmctlEventBody } from '../../../src/events/events.js';
import { createExec } from '../../../src/host/exec.js';
import { acquireLock } from '../../../src/host/lock.js';
import { createProcessTable } from '../../../src/host/process-table.js';
import { createDiskTools } from '../../../src/images/disk-tools.js';
import { FileImageSource } from '../../../src/images/file-source.js';
import { HttpImageSource } from '../../../src/images/http-source.js';
import { ImageStore, type ImageStoreOptions } from '../../../src/images/image-store.js';

const log = { debug: () => undefined, child: () => log };

/** A store as vmctl makes it, with `<directory>/images` and `<directory>/locks`. */
export function createStore(directory: string, options: Partial<ImageStoreOptions> = {}): ImageStore {
  const processes = createProcessTable();
  return new ImageStore({
    imagesDir: join(directory, 'images'),
    claimsDir: join(directory, 'claims'),
    disks: createDiskTools({ exec: createExec() }),
    sources: async (scheme) => {
      if (scheme === 'file') return new FileImageSource();
      if (scheme !== 'http') return undefined;
      return new HttpImageSource('http', { log, env: {}, stallMs: 20_000, retries: 2, retryDelayMs: 1 });
    },
    withLock: async (name, signal, work, { wait = true, onWait } = {}) => {
      const lock = await acquireLock({
        directory: join(directory, 'locks'),
        name,
        purpose: 'test',
        processes,
        wait,
        signal,
        onWait,
      });
      try {
        return await work();
      } finally {
        await lock.release();
      }
    },
    log,
    ...options,
  });
}

/** What `resolve` is given, with the events that come. */
export function listener(vm = 'web', signal: AbortSignal = new AbortController().signal) {
  const events: VmctlEventBody[] = [];
  return { vm, signal, events: { emit: (event: VmctlEventBody) => void events.push(event) }, seen: events };
}
