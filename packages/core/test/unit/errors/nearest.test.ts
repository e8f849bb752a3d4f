import { describe, expect, it } from '@jest/globals';
import { nearest } from '../../../src/errors/nearest.js';

describe('nearest', () => {
  it.each([
    ['memroy', 'memory'],
    ['Memory', 'memory'],
    ['vcpu', 'vcpus'],
    ['imageurl', 'image-url'],
  ])('takes %s for %s', (typed, meant) => {
    expect(nearest(typed, ['memory', 'vcpus', 'image-url'])).toBe(meant);
  });

  it('gives nothing when no word is near', () => {
    expect(nearest('banana', ['memory', 'vcpus'])).toBeUndefined();
  });

  it('takes no letter for another one, when it is the whole word', () => {
    expect(nearest('x', ['a'])).toBeUndefined();
    expect(nearest('x', ['x1'])).toBe('x1');
  });

  it('gives nothing for no words', () => {
    expect(nearest('x', [])).toBeUndefined();
  });
});
