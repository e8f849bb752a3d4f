import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SerialBuffer, SerialRangeExpired } from '../../../src/testing/serial-buffer.js';

const MEBIBYTE = 2 ** 20;

/** Bytes that tell where they are. */
function numbered(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index += 1) bytes[index] = (index * 31) >> 4;
  return bytes;
}

describe('what a server keeps of a console', () => {
  it('is everything up to 2 MiB, however it came', () => {
    const all = numbered(2 * MEBIBYTE);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: MEBIBYTE }), { maxLength: 6 }),
        fc.integer({ min: 0, max: 3 * MEBIBYTE }),
        (pieces, offset) => {
          const buffer = new SerialBuffer();
          let written = 0;
          for (const length of pieces) {
            const piece = all.subarray(written, written + length);
            buffer.add(piece);
            written += piece.length;
          }
          const expected = all.subarray(Math.min(offset, written), written);
          const { data, end } = buffer.read({ fromStart: offset }, Number.POSITIVE_INFINITY);
          expect(data.equals(expected)).toBe(true);
          expect(end).toBe(written);
          const back = buffer.read({ mostRecent: offset }, 16);
          expect(back.data.equals(all.subarray(Math.max(0, written - offset), written).subarray(0, 16))).toBe(
            true,
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is the first and the last MiB of more, and what is between is expired', () => {
    const all = numbered(3 * MEBIBYTE);
    const buffer = new SerialBuffer();
    for (let start = 0; start < all.length; start += 100_000)
      buffer.add(all.subarray(start, start + 100_000));
    expect(buffer.total).toBe(3 * MEBIBYTE);
    expect(
      buffer.read({ fromStart: 10 }, Number.POSITIVE_INFINITY).data.equals(all.subarray(10, MEBIBYTE)),
    ).toBe(true);
    expect(() => buffer.read({ fromStart: MEBIBYTE }, 1)).toThrow(SerialRangeExpired);
    expect(() => buffer.read({ fromStart: 2 * MEBIBYTE - 1 }, 1)).toThrow(SerialRangeExpired);
    const last = buffer.read({ mostRecent: MEBIBYTE }, Number.POSITIVE_INFINITY);
    expect(last.data.equals(all.subarray(2 * MEBIBYTE))).toBe(true);
  });
});
