import { describe, expect, it } from '@jest/globals';
import { SourceText } from '../../../src/vmfile/source-text.js';

describe('SourceText', () => {
  it.each([
    ['', 0, 1, 1],
    ['ab', 1, 1, 2],
    ['ab', 9, 1, 3],
    ['ab\ncd', 3, 2, 1],
    ['ab\rcd', 3, 2, 1],
    ['ab\r\ncd', 2, 1, 3],
    ['ab\r\ncd', 3, 1, 3],
    ['ab\r\ncd', 4, 2, 1],
    ['\r\n', 0, 1, 1],
    ['\r\n', 1, 1, 1],
    ['\n\n', 1, 2, 1],
    ['😀b', 2, 1, 2],
  ])('says where in %j the offset %i is', (text, offset, line, column) => {
    expect(new SourceText(text).position(offset)).toEqual({ line, column });
  });
});
