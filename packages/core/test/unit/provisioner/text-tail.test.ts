import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TextTail } from '../../../src/provisioner/text-tail.js';

function tail(limit: number, pieces: readonly string[]): TextTail {
  const kept = new TextTail(limit);
  pieces.forEach((piece) => kept.push(piece));
  return kept;
}

describe('the end of a text', () => {
  it('is all of it when it is short', () => {
    expect(tail(8, ['abc', 'd\n', 'efg']).text()).toBe('abcd\nefg');
  });

  it('begins with a whole line when the text is long', () => {
    expect(tail(8, ['first\nsec', 'ond\nlast\n']).text()).toBe('last\n');
  });

  it('begins with a whole character when there are no lines', () => {
    expect(tail(8, ['世界世界']).text()).toBe('世界');
    expect(tail(7, ['👋👋👋']).text()).toBe('👋');
  });

  it('is as long as the ring at most, and never wrong', () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'ü', '世', '👋') }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(pieces, fc.integer({ min: 4, max: 40 }), (texts, limit) => {
        const kept = tail(limit, texts);
        const whole = texts.join('');
        const text = kept.text();
        expect(kept.truncated).toBe(Buffer.byteLength(whole) > limit);
        expect(whole.endsWith(text)).toBe(true);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
        if (!kept.truncated) expect(text).toBe(whole);
      }),
    );
  });
});
