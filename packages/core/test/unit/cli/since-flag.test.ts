import { describe, expect, it } from '@jest/globals';
import { parseSince } from '../../../src/cli/since-flag.js';

const NOW = Date.parse('2026-03-04T15:06:07.000Z');

describe('a moment', () => {
  it.each([
    ['10m', '2026-03-04T14:56:07.000Z'],
    [' 2h ', '2026-03-04T13:06:07.000Z'],
    ['2026-03-04T12:00:00Z', '2026-03-04T12:00:00.000Z'],
    ['2026-03-04T12:00:00+01:00', '2026-03-04T11:00:00.000Z'],
  ])('is read: %s', (text, moment) => {
    expect(parseSince(text, NOW).toISOString()).toBe(moment);
  });

  it.each([
    ['2026-03-04', new Date(2026, 2, 4)],
    ['2026-03-04T15:06', new Date(2026, 2, 4, 15, 6)],
  ])('is local without a time zone: %s', (text, moment) => {
    expect(parseSince(text, NOW)).toEqual(moment);
  });

  it.each(['', 'yesterday', '5', '2026', '2026-13-45', '10 m', '-1h'])('is refused: "%s"', (text) => {
    expect(() => parseSince(text, NOW)).toThrow(
      expect.objectContaining({ code: 'VMCTL_USAGE', hint: expect.stringContaining('2h') }),
    );
  });
});
