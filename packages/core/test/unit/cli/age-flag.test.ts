import { describe, expect, it } from '@jest/globals';
import { parseAge } from '../../../src/cli/age-flag.js';

const HOUR_MS = 60 * 60 * 1000;

describe('an age', () => {
  it.each([
    ['90m', 1.5 * HOUR_MS],
    ['12h', 12 * HOUR_MS],
    ['30d', 30 * 24 * HOUR_MS],
    ['2w', 14 * 24 * HOUR_MS],
    ['1.5h', 1.5 * HOUR_MS],
    ['0d', 0],
  ])('is read: %s', (text, ms) => {
    expect(parseAge(text)).toBe(ms);
  });

  it.each(['', '30', 'd', '-1d', '1 year', '1e3d', '5s', '3M'])(
    'is refused when it is none: "%s"',
    (text) => {
      expect(() => parseAge(text)).toThrow(expect.objectContaining({ code: 'VMCTL_USAGE' }));
    },
  );
});
