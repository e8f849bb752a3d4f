import fc from 'fast-check';

/** Text of all kinds: wide, combined, long, with control characters and sequences. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc
    .array(
      fc.constantFrom(
        '日',
        'é',
        '👩‍👩‍👧',
        '\u0301',
        '🎉',
        'x',
        '\t',
        '\n',
        '\x1b[2J',
        '\x1b[31m',
        '한',
        '\u200d',
      ),
    )
    .map((parts) => parts.join('')),
);
