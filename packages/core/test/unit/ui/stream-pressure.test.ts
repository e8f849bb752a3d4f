import { describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { pressureOf } from '../../../src/ui/stream-pressure.js';

/** A stream whose reader takes a chunk when told to. */
function slowStream() {
  let take: (() => void) | undefined;
  const stream = new Writable({
    highWaterMark: 10,
    write(_chunk, _encoding, done) {
      take = done;
    },
  });
  return { stream, take: () => take?.() };
}

describe('the pressure of a stream', () => {
  it('is none while the stream keeps up', () => {
    const { stream } = slowStream();
    stream.write('short');
    expect(pressureOf(stream)()).toBeUndefined();
  });

  it('lasts until a full stream is empty again, for all who ask', async () => {
    const { stream, take } = slowStream();
    const pressure = pressureOf(stream);
    stream.write('more than ten bytes');
    const waiting = pressure();
    expect(waiting).toBeInstanceOf(Promise);
    expect(pressure()).toBe(waiting);
    take();
    await waiting;
    expect(pressure()).toBeUndefined();
    expect(stream.listenerCount('drain')).toBe(0);
  });

  it('ends when the reader goes away', async () => {
    const { stream } = slowStream();
    const pressure = pressureOf(stream);
    stream.write('more than ten bytes');
    const waiting = pressure();
    stream.destroy();
    await waiting;
    expect(pressure()).toBeUndefined();
  });
});
