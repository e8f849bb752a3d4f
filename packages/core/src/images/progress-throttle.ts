/** Bytes so far, and in all where known. */
export interface TransferProgress {
  readonly done: number;
  readonly total: number | undefined;
  /** All is there and is checked; `done` is 0 until that is over. */
  readonly isVerifying?: boolean | undefined;
}

const INTERVAL_MS = 100;

/** Lets at most ten reports a second through, and the last one always. */
export class ProgressThrottle {
  readonly #report: (progress: TransferProgress) => void;
  #last: TransferProgress | undefined;
  #reportedAt = -Infinity;
  #pending = false;

  constructor(report: (progress: TransferProgress) => void) {
    this.#report = report;
  }

  update(progress: TransferProgress): void {
    this.#last = progress;
    this.#pending = true;
    if (performance.now() - this.#reportedAt >= INTERVAL_MS) this.finish();
  }

  /** Reports what has not been reported yet. */
  finish(): void {
    if (!this.#pending || this.#last === undefined) return;
    this.#pending = false;
    this.#reportedAt = performance.now();
    this.#report(this.#last);
  }
}
