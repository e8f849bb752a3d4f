import { describe, expect, it } from '@jest/globals';
import { parseForward } from '../../../src/cli/forward-flag.js';

describe('--forward', () => {
  it.each([
    ['8080:80', { address: '127.0.0.1', host: 8080, guest: 80 }],
    ['0:80', { address: '127.0.0.1', host: 0, guest: 80 }],
    ['0.0.0.0:8080:80', { address: '0.0.0.0', host: 8080, guest: 80 }],
    ['[::1]:8080:80', { address: '::1', host: 8080, guest: 80 }],
  ])('reads %s', (text, forward) => {
    expect(parseForward(text)).toEqual(forward);
  });

  it.each(['8080', '8080:', ':80', 'a:b', '::1:80:80', '8080:80/udp', '-1:80'])('refuses %j', (text) => {
    expect(() => parseForward(text)).toThrow(expect.objectContaining({ code: 'VMCTL_USAGE' }));
  });
});
