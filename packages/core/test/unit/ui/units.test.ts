import { describe, expect, it } from '@jest/globals';
import { formatAge, formatBytes, formatDuration, formatRemaining } from '../../../src/ui/units.js';

describe('formatDuration', () => {
  it.each([
    [0, '0.0s'],
    [44_080, '44.1s'],
    [99_940, '99.9s'],
    [99_960, '1m 40s'],
    [125_000, '2m 05s'],
    [3_720_000, '1h 02m'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('formatRemaining', () => {
  it.each([
    [0, '0s'],
    [8_400, '8s'],
    [59_600, '1m 00s'],
    [125_000, '2m 05s'],
    [3_720_000, '1h 02m'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatRemaining(ms)).toBe(text);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [512, '512 B'],
    [1536, '1.5 KiB'],
    [1024 ** 2 - 1, '1 MiB'],
    [20 * 1024 ** 3, '20 GiB'],
    [179.4 * 1024 ** 2, '179 MiB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatAge', () => {
  it.each([
    [-5, '0s'],
    [59_000, '59s'],
    [60_000, '1m'],
    [7_200_000, '2h'],
    [200_000_000, '2d'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});
