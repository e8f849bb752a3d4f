import { describe, expect, it } from '@jest/globals';
import {
  compressionOf,
  compressionOfName,
  withoutCompressionSuffix,
} from '../../../src/images/compression.js';

describe('the compression of a file', () => {
  it.each([
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1], 'xz'],
    ['gzip', [0x1f, 0x8b, 8, 0], 'gzip'],
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd], 'zstd'],
    ['zstd with a skippable frame first', [0x5e, 0x2a, 0x4d, 0x18], 'zstd'],
    ['qcow2', [0x51, 0x46, 0x49, 0xfb], undefined],
    ['half an xz magic', [0xfd, 0x37, 0x7a], undefined],
    ['nothing', [], undefined],
  ])('is known from its first bytes: %s', (_what, bytes, expected) => {
    expect(compressionOf(Uint8Array.from(bytes))).toBe(expected);
  });

  it.each([
    ['noble.img.xz', 'xz', 'noble.img'],
    ['noble.img.GZ', 'gzip', 'noble.img'],
    ['noble.zst', 'zstd', 'noble'],
    ['noble.zstd', 'zstd', 'noble'],
    ['noble.qcow2', undefined, 'noble.qcow2'],
    ['.xz', 'xz', '.xz'],
  ])('and what the name %s says about it is kept apart', (name, expected, bare) => {
    expect(compressionOfName(name)).toBe(expected);
    expect(withoutCompressionSuffix(name)).toBe(bare);
  });
});
