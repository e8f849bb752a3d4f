/** Whole milliseconds since then, a time of `performance.now()`: what every duration of an event or a document is. */
export function elapsedSince(started: number): number {
  return Math.round(performance.now() - started);
}
