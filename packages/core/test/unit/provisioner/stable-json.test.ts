import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stableJson } from '../../../src/provisioner/stable-json.js';

describe('stable JSON', () => {
  it('does not depend on the order of keys', () => {
    expect(stableJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  });

  it('is JSON that reads back as the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(stableJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('tells values apart that JSON does not', () => {
    const values = [
      1n,
      '1',
      new Map([['a', 1]]),
      new Set(['a']),
      new Uint8Array([1]),
      [1],
      {},
      /a/g,
      /a/,
      undefined,
    ];
    const texts = values.map((value) => stableJson({ value }));
    expect(new Set(texts).size).toBe(values.length);
  });

  it('takes what says how it becomes JSON', () => {
    expect(stableJson({ at: new Date(0), url: new URL('http://a/') })).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","url":"http://a/"}',
    );
  });

  it('refuses a value that contains itself', () => {
    const value: unknown[] = [];
    value.push({ value });
    expect(() => stableJson(value)).toThrow(TypeError);
  });
});
