import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { oneLine, SequenceStripper, showControls } from '../../../src/provisioner/printable.js';

function strip(...pieces: readonly string[]): string {
  const stripper = new SequenceStripper();
  return pieces.map((piece) => stripper.push(piece)).join('') + stripper.end();
}

describe('terminal sequences', () => {
  it.each([
    ['colours', '\x1b[1;31mred\x1b[0m', 'red'],
    ['cursor movements', 'a\x1b[2K\x1b[1Gb', 'ab'],
    ['private modes', '\x1b[?25lhidden\x1b[?25h', 'hidden'],
    ['a title', '\x1b]0;owned\x07text', 'text'],
    ['a link', '\x1b]8;;https://example.org\x1b\\text\x1b]8;;\x1b\\', 'text'],
    ['a character set', '\x1b(Btext', 'text'],
  ])('are left out: %s', (_, text, expected) => {
    expect(strip(text)).toBe(expected);
    expect(strip(...text.split(''))).toBe(expected);
  });

  it('that never end are shown instead of swallowing the text', () => {
    const text = `\x1b]0;${'x'.repeat(5000)}`;
    expect(strip(text)).toBe(text);
    expect(strip('\x1b]0;', 'x'.repeat(5000))).toBe(text);
    expect(strip('tail\x1b')).toBe('tail\x1b');
  });

  it('are found wherever the text is cut', () => {
    const unit = fc.constantFrom('\x1b', '[', ']', '0', ';', 'm', 'K', '\x07', '\\', '(', 'B', 'x');
    fc.assert(
      fc.property(fc.array(fc.string({ unit, maxLength: 8 }), { maxLength: 10 }), (pieces) => {
        expect(strip(...pieces)).toBe(strip(pieces.join('')));
      }),
    );
  });
});

describe('control characters', () => {
  it('are shown as escapes, but tabs and line ends', () => {
    expect(showControls('a\0b\x07\x1b[c\x7f\x9bd\te\r\n')).toBe('a\\x00b\\x07\\x1b[c\\x7f\\x9bd\te\r\n');
  });

  it('never survive, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = showControls(strip(text));
        expect(
          Array.from(shown).filter((character) => /\p{Cc}/u.test(character) && !'\t\r\n'.includes(character)),
        ).toEqual([]);
      }),
    );
  });
});

describe('a text as one line', () => {
  it('has neither line ends nor control characters', () => {
    expect(oneLine('first\r\n  second\x1b[31m\0\n')).toBe('first second\\x00');
  });
});
