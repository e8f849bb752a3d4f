import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cutTo, fitTo, widthOf } from '../../../src/ui/text-width.js';
import { anyText } from '../../support/any-text.js';

describe('a text on a terminal', () => {
  it.each([
    ['noble.img', 20, 'noble.img'],
    ['noble.img', 9, 'noble.img'],
    ['noble.img', 8, 'noble.i…'],
    ['noble.img', 1, '…'],
    ['noble.img', 0, ''],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['👩‍👩‍👧👩‍👩‍👧', 3, '👩‍👩‍👧…'],
    ['e\u0301e\u0301', 1, '…'],
  ])('%j is cut to %i columns as %j', (text, columns, cut) => {
    expect(cutTo(text, columns)).toBe(cut);
  });

  it('is never wider than it was cut to, and exactly as wide as it was fitted to', () => {
    fc.assert(
      fc.property(anyText, fc.nat(120), (text, columns) => {
        const clean = text.replaceAll('\x1b', '');
        expect(widthOf(cutTo(clean, columns))).toBeLessThanOrEqual(columns);
        expect(widthOf(fitTo(clean, columns))).toBe(columns);
      }),
    );
  });

  it('of megabytes is cut without being measured', () => {
    expect(cutTo('x'.repeat(50_000_000), 10)).toBe('xxxxxxxxx…');
  });
});
