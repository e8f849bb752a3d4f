/** How much memory a process has had at most. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** The kernel keeps the peak itself; only what comes after the last look, at the very end, is missed. */
const LOOK_EVERY_MS = 20;

/**
 * Watches a process to its end.
 *
 * @param {number} pid
 * @param {Promise<unknown>} ended
 * @returns {Promise<number>} peak resident memory in MB (10^6 bytes)
 */
export async function peakMemory(pid, ended) {
  let peak = 0;
  let running = true;
  const stop = () => {
    running = false;
  };
  ended.then(stop, stop);
  while (running) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    if (kilobytes !== undefined) peak = (Number(kilobytes) * 1024) / 1e6;
    await sleep(LOOK_EVERY_MS);
  }
  return peak;
}
