import type { Writable } from 'node:stream';

/** Tells whether a stream holds more than it should: a promise until it has written that, else undefined. */
export function pressureOf(stream: Writable): () => Promise<void> | undefined {
  let drained: Promise<void> | undefined;
  return () => {
    if (!stream.writableNeedDrain || stream.destroyed) return undefined;
    drained ??= new Promise<void>((resolve) => {
      const settle = (): void => {
        for (const name of ['drain', 'close'] as const) stream.off(name, settle);
        drained = undefined;
        resolve();
      };
      // A reader that has gone away closes the stream.
      for (const name of ['drain', 'close'] as const) stream.once(name, settle);
    });
    return drained;
  };
}

/** A sink that writes to a stream: a promise until the stream takes more. */
export function writerTo(stream: Writable): (chunk: Uint8Array) => Promise<void> | undefined {
  const pressure = pressureOf(stream);
  return (chunk) => {
    stream.write(chunk);
    return pressure();
  };
}
