import { setTimeout as sleep } from 'node:timers/promises';
import type { LockHolder } from '../host/lock-token.js';

/** Often enough to see it move, seldom enough to cost nothing. */
const INTERVAL_MS = 500;

/** What an {@link OtherDownload} is told. */
export interface OtherDownloadOptions {
  /** Bytes that a process has written of the image so far; undefined when it has not begun. */
  readonly size: (pid: number) => Promise<number | undefined>;
  readonly report: (bytes: number) => void;
}

/** Follows a download that another process makes, while this one waits for it. */
export class OtherDownload {
  readonly #options: OtherDownloadOptions;
  #end = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(options: OtherDownloadOptions) {
    this.#options = options;
  }

  /** From now on this is the process that is followed. */
  follow(holder: LockHolder): void {
    this.#end.abort();
    this.#end = new AbortController();
    this.#following = this.#poll(holder.pid, this.#end.signal);
  }

  /** Idempotent; nothing is reported any more. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#following;
  }

  async #poll(pid: number, signal: AbortSignal): Promise<void> {
    let last = 0;
    while (!signal.aborted) {
      // Only a view of somebody else's work: when it cannot be had, the waiting goes on without it.
      const size = (await this.#options.size(pid).catch(() => undefined)) ?? 0;
      if (size > 0 && size !== last && !signal.aborted) this.#options.report(size);
      last = size;
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
