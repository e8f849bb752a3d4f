import { describe, expect, it } from '@jest/globals';
import { asError, messageOf } from '../../../src/errors/vmctl-error.js';

describe('anything that can be thrown', () => {
  it.each([
    ['an error', new TypeError('wrong'), 'wrong'],
    ['a text', 'wrong', 'wrong'],
    ['null', null, 'null'],
    ['a symbol', Symbol('wrong'), 'Symbol(wrong)'],
    [
      'an object without a prototype',
      Object.create(null),
      'something was thrown that is no error and has no text',
    ],
    [
      'an object whose text fails',
      {
        toString(): never {
          throw new Error('no text');
        },
      },
      'something was thrown that is no error and has no text',
    ],
  ])('has a message: %s', (_what, thrown: unknown, message) => {
    expect(messageOf(thrown)).toBe(message);
    expect(asError(thrown)).toBeInstanceOf(Error);
  });
});
