/** The rate is that of so much time: long enough to be calm, short enough to follow a line that changes. */
const WINDOW_MS = 5_000;
/** A rate over less than this says nothing. */
const SETTLED_MS = 1_000;
/** Measured no more often than this: the window holds a few dozen samples, however many reports come. */
const SAMPLE_MS = 200;
/** Without anything new for so long a transfer stalls. */
const STALLED_MS = 3_000;
/** Nobody plans with a longer time than this, and no rate stays the same for so long. */
const LONGEST_REMAINING_MS = 100 * 3_600_000;

/** How fast a transfer is. Durations are in milliseconds. */
export interface TransferSpeed {
  /** Undefined as long as it says nothing yet. */
  readonly bytesPerSecond: number | undefined;
  /** Undefined when it cannot be told. */
  readonly remainingMs: number | undefined;
  /** Since when nothing has come; undefined while it moves. */
  readonly stalledMs: number | undefined;
}

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/**
 * Measures one transfer. Only what comes after the first report counts: what an earlier one has brought says nothing
 * about the line.
 */
export class TransferMeter {
  #samples: Sample[];
  #bytes: number;
  #movedAt: number;

  /**
   * @param bytes - what is there already
   * @param now - milliseconds, from anywhere
   */
  constructor(bytes: number, now: number) {
    this.#bytes = bytes;
    this.#movedAt = now;
    this.#samples = [{ at: now, bytes }];
  }

  /** `bytes` are there at this time. Fewer than before: it has begun again. */
  update(bytes: number, now: number): void {
    if (bytes < this.#bytes) this.#samples = [{ at: now, bytes }];
    if (bytes !== this.#bytes) this.#movedAt = now;
    this.#bytes = bytes;
    const last = this.#samples.at(-1);
    if (last === undefined || now - last.at < SAMPLE_MS) return;
    this.#samples.push({ at: now, bytes });
    // One at the edge of the window or before it stays.
    const first = this.#samples.findLastIndex(({ at }) => at <= now - WINDOW_MS);
    if (first > 0) this.#samples.splice(0, first);
  }

  speed(total: number | undefined, now: number): TransferSpeed {
    const idle = now - this.#movedAt;
    const stalledMs = idle >= STALLED_MS ? idle : undefined;
    const oldest = this.#samples.findLast(({ at }) => at <= now - WINDOW_MS) ?? this.#samples[0];
    const elapsed = oldest === undefined ? 0 : now - oldest.at;
    const moved = oldest === undefined ? 0 : this.#bytes - oldest.bytes;
    if (elapsed < SETTLED_MS || moved <= 0) {
      return { bytesPerSecond: undefined, remainingMs: undefined, stalledMs };
    }
    const left = total === undefined ? 0 : total - this.#bytes;
    const remainingMs = (left / moved) * elapsed;
    const isMeaningful = left > 0 && stalledMs === undefined && remainingMs <= LONGEST_REMAINING_MS;
    return {
      bytesPerSecond: (moved / elapsed) * 1000,
      remainingMs: isMeaningful ? remainingMs : undefined,
      stalledMs,
    };
  }
}
