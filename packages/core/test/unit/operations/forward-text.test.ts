import { describe, expect, it } from '@jest/globals';
import { forwardText, parseForward, parseForwardPattern } from '../../../src/operations/forward-text.js';

describe('parseForward', () => {
  it.each([
    ['8080:80', { address: '127.0.0.1', host: 8080, guest: 80 }],
    ['0:80', { address: '127.0.0.1', host: 0, guest: 80 }],
    ['0.0.0.0:8080:80', { address: '0.0.0.0', host: 8080, guest: 80 }],
    ['[::1]:8080:80', { address: '::1', host: 8080, guest: 80 }],
  ])('reads %s', (text, forward) => {
    expect(parseForward(text)).toEqual(forward);
  });

  it.each([
    '8080',
    ':80',
    '8080:',
    '8080:0',
    '65536:80',
    '80:65536',
    'a:b',
    '1:2:3:4',
    '::1:80:80',
    '80:80/udp',
    '-1:80',
    '',
  ])('refuses "%s"', (text) => {
    expect(() => parseForward(text)).toThrow(expect.objectContaining({ code: 'VMCTL_USAGE' }));
  });
});

describe('parseForwardPattern', () => {
  it.each([
    ['8080', { address: undefined, host: 8080, guest: undefined }],
    ['8080:80', { address: undefined, host: 8080, guest: 80 }],
    ['0.0.0.0:8080:80', { address: '0.0.0.0', host: 8080, guest: 80 }],
  ])('reads %s', (text, pattern) => {
    expect(parseForwardPattern(text)).toEqual(pattern);
  });
});

it('forwardText writes what people read', () => {
  expect(forwardText({ address: '127.0.0.1', host: 8080, guest: 80 })).toBe('127.0.0.1:8080 -> 80');
  expect(forwardText({ address: '::1', host: 8080, guest: 80 })).toBe('[::1]:8080 -> 80');
});
