import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineText } from '../../../src/provisioner/line-text.js';

/** Adds pieces; `null` stands for a flush. */
function feed(overwrite: '\r' | '\n', pieces: readonly (string | null)[]): string[] {
  const lines = new LineText(overwrite);
  return [...pieces.map((piece) => (piece === null ? lines.flush() : lines.push(piece))), lines.end()];
}

/** What a terminal shows, when each state of a line is as long as the one before. */
function shown(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/\r+$/, '').split('\r').at(-1))
    .join('\n');
}

describe('lines', () => {
  it.each<[string, (string | null)[], string[]]>([
    ['come when they are complete', ['ab', 'c\nd', 'e\n'], ['', 'abc\n', 'de\n', '']],
    ['get a newline at the end', ['abc'], ['', 'abc\n']],
    ['may end in CR LF', ['a\r\nb\r', '\nc\r\n'], ['a\n', 'b\nc\n', '']],
    ['are shown in their last state', ['10%\r20%', '\r30%\r', '\n'], ['', '', '30%\n', '']],
    ['may have a CR at their beginning', ['\r10%\r20%\n'], ['20%\n', '']],
    ['are handed out in parts when asked', ['login: ', null, 'vm\n'], ['', 'login: ', 'vm\n', '']],
    ['replace a part that was handed out', ['10%', null, '\r20%\n'], ['', '10%', '\r20%\n', '']],
    [
      'keep a CR that may be half a line end',
      ['a\r', null, '\nb\r', null, 'c\n'],
      ['', 'a', '\n', 'b', '\rc\n', ''],
    ],
    ['hand out nothing twice', ['a', null, null], ['', 'a', '', '\n']],
  ])('%s', (_, pieces, expected) => {
    expect(feed('\r', pieces)).toEqual(expected);
  });

  it('begin anew where an overwrite is not wanted', () => {
    expect(feed('\n', ['10%', null, '\r20%\n'])).toEqual(['', '10%', '\n20%\n', '']);
  });

  it('are handed out in parts when they are very long', () => {
    const lines = new LineText('\n');
    expect(lines.push('x'.repeat(20_000))).toHaveLength(20_000);
    expect(lines.push('y')).toBe('');
    expect(lines.push('\n')).toBe('y\n');
  });

  it('are the same wherever the text is cut', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n'), maxLength: 6 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const expected = shown(text);
        const closed = expected === '' || expected.endsWith('\n') ? expected : `${expected}\n`;
        expect(feed('\n', pieces).join('')).toBe(closed);
      }),
    );
  });

  it('look the same on a terminal when they are handed out in parts', () => {
    const piece = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n'), maxLength: 6 }),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const whole = shown(pieces.join(''));
        expect(shown(feed('\r', pieces).join('')).replace(/\n$/, '')).toBe(whole.replace(/\n$/, ''));
      }),
    );
  });
});
