/** Something that takes too long. */
export class DeadlineError extends Error {
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`nothing came within ${Number((timeoutMs / 1000).toFixed(1))} s`);
    this.timeoutMs = timeoutMs;
  }
}

/**
 * Runs some work with a signal that is aborted at the deadline, with a {@link DeadlineError}, and when the caller's is.
 * The timer keeps the process, and is gone afterwards.
 */
export async function withDeadline<T>(
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new DeadlineError(timeoutMs)), timeoutMs);
  try {
    return await work(AbortSignal.any([signal, deadline.signal]));
  } finally {
    clearTimeout(timer);
  }
}
