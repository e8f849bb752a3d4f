import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Buffers may take this much memory before those that nobody uses any more are looked for. */
const TOLERATED_BYTES = 8 * 1024 * 1024;
const LOOK_EVERY_MS = 20;

/**
 * Keeps memory small while data passes through: V8 by itself looks for unused buffers after every 64 MB, which is
 * more than all the rest of vmctl takes. Returns the function that ends it.
 */
export function collectBuffers(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') return () => undefined;
  let inUse = 0;
  const timer = setInterval(() => {
    const bytes = process.memoryUsage().arrayBuffers;
    // V8 gives collected buffers back from a thread of its own, on a busy machine many looks later: what is in use is
    // the least that was seen since, not what is there right after the collection.
    inUse = Math.min(inUse, bytes);
    if (bytes < Math.max(TOLERATED_BYTES, 2 * inUse)) return;
    collect();
    inUse = process.memoryUsage().arrayBuffers;
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
