import { describe, expect, it } from '@jest/globals';
import { localTime } from '../../../src/host/local-time.js';

describe('a time for people', () => {
  it('is that of the clock on the wall, to the second', () => {
    expect(localTime('2026-03-04T05:06:07.891')).toBe('2026-03-04 05:06:07');
    expect(localTime(new Date(2026, 2, 4, 15, 6, 7))).toBe('2026-03-04 15:06:07');
  });

  it('is what a damaged file has in its place, when that is none', () => {
    expect(localTime(new Date(Number.NaN))).toBe('an unknown time');
    expect(localTime('yesterday')).toBe('yesterday');
  });
});
