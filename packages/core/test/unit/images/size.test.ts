import { describe, expect, it } from '@jest/globals';
import { formatBytes } from '../../../src/images/size.js';

describe('a size for people', () => {
  it.each([
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1 KiB'],
    [3.5 * 2 ** 30, '3.5 GiB'],
    [20 * 2 ** 30, '20 GiB'],
    [2 ** 60, '1024 PiB'],
  ])('%d bytes are %s', (bytes, expected) => {
    expect(formatBytes(bytes)).toBe(expected);
  });
});
