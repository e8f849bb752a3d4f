import type { CopyProgress } from '../operations/copy.js';
import { oneLine } from './terminal-text.js';
import { formatBytes, formatDuration } from './units.js';

/** A rate over less than this says nothing. */
const SETTLED_MS = 1_000;

/** How far copies are, as a line for a terminal. One for each command: it measures the rate. */
export class CopyProgressLine {
  readonly #now: () => number;
  #source: string | undefined;
  #startedAt = 0;
  #startBytes = 0;

  /** @param now - milliseconds, from anywhere */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** `disk.img  45 % of 2.6 GiB  11.2 MiB/s  2m 05s left`. */
  text({ source, bytes, totalBytes, resumedBytes }: CopyProgress): string {
    const now = this.#now();
    if (source !== this.#source) {
      this.#source = source;
      this.#startedAt = now;
      this.#startBytes = resumedBytes;
    }
    const elapsed = now - this.#startedAt;
    const moved = bytes - this.#startBytes;
    const parts = [oneLine(source), amount(bytes, totalBytes)];
    if (elapsed >= SETTLED_MS && moved > 0) {
      parts.push(`${formatBytes((moved / elapsed) * 1000)}/s`);
      if (totalBytes !== undefined && totalBytes > bytes) {
        parts.push(`${formatDuration((elapsed / moved) * (totalBytes - bytes))} left`);
      }
    }
    if (resumedBytes > 0) parts.push(`${formatBytes(resumedBytes)} were there`);
    return parts.join('  ');
  }
}

function amount(bytes: number, total: number | undefined): string {
  if (total === undefined || total === 0) return formatBytes(bytes);
  return `${Math.min(100, Math.floor((bytes / total) * 100))} % of ${formatBytes(total)}`;
}
