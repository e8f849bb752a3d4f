import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PluginHost } from '@vmctl/core/plugin';
import type { BootTrial } from './boot-sector.js';
import { readOwnFile } from './own-file.js';
import { isObject } from './qmp-message.js';

/** How long a trial that ran out of time counts: the host may just have been busy. */
const TIMED_OUT_COUNTS_MS = 60 * 60 * 1000;

/** Remembers the last trial in a file, so that the next command need not run it again. */
export class ProbeCache {
  readonly #path: string;
  readonly #host: Pick<PluginHost, 'files' | 'log'>;

  constructor(path: string, host: Pick<PluginHost, 'files' | 'log'>) {
    this.#path = path;
    this.#host = host;
  }

  /** The trial of that key; undefined when there is none, when it is too old, and when the file makes no sense. */
  async read(key: string): Promise<BootTrial | undefined> {
    try {
      const entry: unknown = JSON.parse(await readOwnFile(this.#path));
      if (!isObject(entry) || entry['key'] !== key) return undefined;
      const { ran, why, timedOut, time } = entry;
      if (ran === true) return { ran };
      if (ran !== false || typeof why !== 'string' || typeof timedOut !== 'boolean') return undefined;
      if (timedOut && !(typeof time === 'number' && Date.now() - time < TIMED_OUT_COUNTS_MS))
        return undefined;
      return { ran, why, timedOut };
    } catch {
      return undefined;
    }
  }

  /** A cache that cannot be written costs time, nothing else. */
  async write(key: string, trial: BootTrial): Promise<void> {
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      await this.#host.files.writeAtomic(this.#path, JSON.stringify({ key, time: Date.now(), ...trial }));
    } catch (error) {
      this.#host.log.debug('the answer about kvm was not kept', error);
    }
  }
}
