import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something holds, and fails with its name when that takes very long. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  withinMs = 50_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`in vain waited for: ${what}`);
    await sleep(10);
  }
}
