import { describe, expect, it } from '@jest/globals';
import { CappedOutput } from '../../../src/provisioner/capped-output.js';

function capped(cap: { head: number; tail: number }, pieces: readonly string[]): string {
  let written = '';
  const output = new CappedOutput((text) => {
    written += text;
    return undefined;
  }, cap);
  for (const piece of pieces) void output.push(piece);
  void output.end();
  return written;
}

const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `line ${String(from + index).padStart(3, '0')}\n`);

describe('long output', () => {
  it('is kept whole up to the cap', () => {
    expect(capped({ head: 90, tail: 90 }, lines(0, 10))).toBe(lines(0, 10).join(''));
  });

  it('keeps its beginning and its end, and says how much is missing between them', () => {
    const note = '[vmctl: long output; of what follows, the end comes when the step has ended]\n';
    const missing = '[vmctl: 747 bytes of output were left out here]\n';
    expect(capped({ head: 90, tail: 70 }, lines(0, 100))).toBe(
      [...lines(0, 10), note, missing, ...lines(93, 100)].join(''),
    );
  });

  it('says of an end that is all there that nothing is missing', () => {
    const text = capped({ head: 90, tail: 900 }, lines(0, 50));
    expect(text).not.toContain('left out');
    expect(text.match(/line \d+/g)).toEqual(lines(0, 50).map((line) => line.trim()));
  });
});
