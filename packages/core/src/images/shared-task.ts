/** One party that waits for a {@link SharedTask}. */
export interface Waiter<P> {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: P) => void;
}

/**
 * Work that several parties wait for, done once.
 *
 * A party that aborts leaves; the work goes on for the others. When the last one leaves, the work itself is aborted,
 * and that party's promise settles only after the work has cleaned up.
 */
export class SharedTask<T, P> {
  readonly #abort = new AbortController();
  readonly #waiters = new Set<Waiter<P>>();
  readonly #result: Promise<T>;

  constructor(work: (signal: AbortSignal, report: (progress: P) => void) => Promise<T>) {
    // One turn later, so that whoever started it is among the waiters.
    this.#result = Promise.resolve().then(() =>
      work(this.#abort.signal, (progress) => {
        for (const waiter of this.#waiters) waiter.onProgress(progress);
      }),
    );
    this.#result.catch(() => undefined);
  }

  /** True once the last party has left: the work is on its way out, and nobody should join. */
  get abandoned(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Resolves when the work has ended, however it ended. */
  async settled(): Promise<void> {
    await this.#result.catch(() => undefined);
  }

  /** Waits for the result. Rejects with the signal's reason when the waiter aborts. */
  async join(waiter: Waiter<P>): Promise<T> {
    waiter.signal.throwIfAborted();
    this.#waiters.add(waiter);
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = (): void => {
      this.#waiters.delete(waiter);
      if (this.#waiters.size > 0) {
        reject(waiter.signal.reason);
        return;
      }
      this.#abort.abort(waiter.signal.reason);
      void this.settled().then(() => reject(waiter.signal.reason));
    };
    waiter.signal.addEventListener('abort', leave, { once: true });
    try {
      const result = await Promise.race([this.#result, left]);
      waiter.signal.throwIfAborted();
      return result;
    } finally {
      waiter.signal.removeEventListener('abort', leave);
      this.#waiters.delete(waiter);
    }
  }
}
