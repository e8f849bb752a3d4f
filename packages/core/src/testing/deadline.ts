import { VmctlError } from '../errors/vmctl-error.js';

/** How long the fakes wait for something to happen, in milliseconds, when the test does not say. */
export const DEFAULT_DEADLINE_MS = 5000;

/**
 * The promise, or a rejection when it takes longer.
 *
 * @param late - says what was waited for and what was seen instead
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeoutMs: number,
  late: () => string,
): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new VmctlError('FAKE_DEADLINE', { message: `${late()} (waited ${timeoutMs} ms)` })),
    timeoutMs,
  );
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}
