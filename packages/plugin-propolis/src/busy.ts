import { setTimeout as sleep } from 'node:timers/promises';
import { toolFailure } from './host/tool-failure.js';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/**
 * Does something with a dataset, again and again as long as it is busy: the kernel lets go of a disk a moment after the
 * process that had it open has ended. At the time-out the tool's own error is thrown.
 */
export async function untilNotBusy<T>(
  work: () => Promise<T>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      const remaining = deadline - performance.now();
      if (toolFailure(error) !== 'busy' || remaining <= 0) throw error;
      const wait = Math.min(pause, remaining);
      await sleep(wait, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
      signal?.throwIfAborted();
    }
  }
}
