/** The promise's result, or a rejection with the signal's reason as soon as that aborts. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    // The promise is nobody's any more, and neither is its error.
    promise.catch(() => undefined);
    throw signal.reason;
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The same chunks, ended with the signal's reason on an abort even when the source does not notice that itself. */
export async function* abortable<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let waiting = false;
  try {
    for (;;) {
      waiting = true;
      const next = await untilAborted(iterator.next(), signal);
      waiting = false;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // A generator that hangs in `next` would make us wait for its `return` as well.
    const returned = iterator.return?.();
    if (waiting) returned?.catch(() => undefined);
    else await returned;
  }
}
