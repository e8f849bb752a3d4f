import { setTimeout } from 'node:timers/promises';

/** Waits until something holds, and fails with its name when that takes very long. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 50_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`in vain waited for: ${what}`);
    await setTimeout(10);
  }
}
