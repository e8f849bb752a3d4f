import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OutputTail } from '../../../src/host/output-tail.js';

describe('OutputTail', () => {
  it('gives everything back while it fits', () => {
    const tail = new OutputTail(5);
    tail.push(Buffer.from('ab'));
    tail.push(Buffer.from('cde'));
    expect(tail.text()).toBe('abcde');
    expect(tail.truncated).toBe(false);
  });

  it('keeps the longest end that fits and starts with a whole character, however the chunks fall', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 30 }),
        fc.integer({ min: 4, max: 64 }),
        fc.integer({ min: 1, max: 7 }),
        (texts, limit, step) => {
          const text = texts.join('');
          const bytes = Buffer.from(text);
          const tail = new OutputTail(limit);
          for (let at = 0; at < bytes.length; at += step) tail.push(bytes.subarray(at, at + step));
          const kept = tail.text();
          expect(text.endsWith(kept)).toBe(true);
          expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(limit);
          expect(Buffer.byteLength(kept)).toBeGreaterThan(Math.min(limit, bytes.length) - 4);
          expect(tail.truncated).toBe(bytes.length > limit);
          expect(tail.text()).toBe(kept);
        },
      ),
    );
  });
});
