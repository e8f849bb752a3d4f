/** Hands items from a producer that never waits to one consumer, with a bound: the oldest are dropped first. */
export class EventQueue<T> implements AsyncIterableIterator<T> {
  readonly #limit: number;
  readonly #onEnd: () => void;
  #items: T[] = [];
  #waiting: ((result: IteratorResult<T>) => void)[] = [];
  #ended = false;
  /** Items that were dropped because nobody took them in time. */
  dropped = 0;

  constructor(limit: number, onEnd: () => void) {
    this.#limit = limit;
    this.#onEnd = onEnd;
  }

  push(item: T): void {
    if (this.#ended) return;
    const taker = this.#waiting.shift();
    if (taker !== undefined) {
      taker({ done: false, value: item });
      return;
    }
    this.#items.push(item);
    if (this.#items.length > this.#limit) {
      this.#items.shift();
      this.dropped += 1;
    }
  }

  /** What is queued can still be taken; then the iteration is over. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const taker of this.#waiting.splice(0)) taker({ done: true, value: undefined });
    this.#onEnd();
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#items.length > 0) {
      const [first, ...rest] = this.#items;
      this.#items = rest;
      // The length says that there is one; T itself may include undefined.
      return { done: false, value: first as T };
    }
    if (this.#ended) return { done: true, value: undefined };
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async return(): Promise<IteratorResult<T>> {
    this.#items = [];
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
