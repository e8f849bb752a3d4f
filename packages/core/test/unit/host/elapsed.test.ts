import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { elapsedSince } from '../../../src/host/elapsed.js';

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the time that something took', () => {
  it('is in whole milliseconds, for people and programs that read documents', () => {
    jest.spyOn(performance, 'now').mockReturnValue(1071.803_283_999);
    expect(elapsedSince(1000)).toBe(72);
  });
});
