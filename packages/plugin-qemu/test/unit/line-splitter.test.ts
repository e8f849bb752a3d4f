import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter } from '../../src/line-splitter.js';

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

describe('LineSplitter', () => {
  it('gives the same lines wherever the stream is cut', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ''));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), fc.boolean(), (lines, places, carriage) => {
        const end = carriage ? '\r\n' : '\n';
        const bytes = Buffer.from(lines.map((text) => text + end).join(''));
        const splitter = new LineSplitter(1_000_000);
        const seen = cut(bytes, places).flatMap((part) => splitter.push(part));
        expect(seen).toEqual(lines.map((text) => Buffer.from(text).toString()));
      }),
    );
  });

  it('keeps an unfinished line until its end comes', () => {
    const splitter = new LineSplitter(100);
    expect(splitter.push(Buffer.from('{"a":'))).toEqual([]);
    expect(splitter.push(Buffer.from('1}\nrest'))).toEqual(['{"a":1}']);
    expect(splitter.push(Buffer.from('\n'))).toEqual(['rest']);
  });

  it('does not hold more than its limit', () => {
    const splitter = new LineSplitter(10);
    expect(splitter.push(Buffer.from('0123456789\n'))).toEqual(['0123456789']);
    splitter.push(Buffer.from('0123456789'));
    expect(() => splitter.push(Buffer.from('x'))).toThrow(RangeError);
  });

  it('does not keep the memory of the chunk that it was given', () => {
    const splitter = new LineSplitter(100);
    const chunk = Buffer.from('abc');
    splitter.push(chunk);
    chunk.fill(0);
    expect(splitter.push(Buffer.from('\n'))).toEqual(['abc']);
  });
});
