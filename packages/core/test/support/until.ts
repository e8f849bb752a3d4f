import { setTimeout as sleep } from 'node:timers/promises';

/** The share of a wait by which looking seldom may make it longer. */
const LONGER = 0.05;

/**
 * Waits until something holds, and fails with its name when that takes very long. The longer it takes the less often it
 * looks: to look may be to start a process, which takes time from what is waited for.
 */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  withinMs = 50_000,
): Promise<void> {
  const begun = performance.now();
  while (!(await holds())) {
    const waited = performance.now() - begun;
    if (waited > withinMs) throw new Error(`in vain waited for: ${what}`);
    await sleep(Math.min(500, Math.max(10, waited * LONGER)));
  }
}
