import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  cacheKeyOfUrl,
  fileNameOfUrl,
  parseImageUrl,
  sanitiseFileName,
  shownUrl,
} from '../../../src/images/image-url.js';

const key = (url: string, fingerprint?: string) => cacheKeyOfUrl(new URL(url), fingerprint);
const shown = (url: string) => shownUrl(new URL(url));

describe('the cache key of a URL', () => {
  it.each([
    ['the host’s case', 'https://EXAMPLE.org/noble.img'],
    ['the default port', 'https://example.org:443/noble.img'],
    ['a fragment', 'https://example.org/noble.img#top'],
    ['credentials', 'https://me:secret@example.org/noble.img'],
    ['dot segments', 'https://example.org/a/../noble.img'],
  ])('does not depend on %s', (_what, url) => {
    expect(key(url)).toBe(key('https://example.org/noble.img'));
  });

  it.each([
    ['host', 'https://example.com/noble.img'],
    ['directory', 'https://example.org/other/noble.img'],
    ['scheme', 'http://example.org/noble.img'],
    ['port', 'https://example.org:8443/noble.img'],
    ['query', 'https://example.org/noble.img?v=2'],
    ['case of the path', 'https://example.org/Noble.img'],
  ])('depends on the %s, even though the file name is the same', (_what, url) => {
    expect(key(url)).not.toBe(key('https://example.org/noble.img'));
  });

  it('depends on what the source says about the content', () => {
    expect(key('file:///disk.img', '10-1')).not.toBe(key('file:///disk.img', '10-2'));
  });

  it('has 64 hex digits', () => {
    expect(key('https://example.org/')).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a URL in messages', () => {
  it.each([
    ['https://me:secret@example.org/x.img', 'https://me:***@example.org/x.img'],
    ['https://token@example.org/x.img', 'https://***@example.org/x.img'],
    ['https://e.org/x?X-Amz-Signature=abc&v=1', 'https://e.org/x?X-Amz-Signature=***&v=1'],
    ['https://e.org/x?access_token=abc', 'https://e.org/x?access_token=***'],
    ['https://e.org/x?sig=abc&se=2026', 'https://e.org/x?sig=***&se=2026'],
    ['https://e.org/x.img?release=noble', 'https://e.org/x.img?release=noble'],
  ])('%s is shown without secrets', (url, expected) => {
    expect(shown(url)).toBe(expected);
  });

  it('never has a password, whatever it is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9]{12,20}$/), (password) => {
        const url = new URL('https://example.org/x.img');
        url.username = 'u';
        url.password = password;
        url.searchParams.set('token', password);
        expect(shownUrl(url)).not.toContain(password);
      }),
    );
  });

  it('that cannot be parsed is refused, without its password', () => {
    expect(() => parseImageUrl('https//me:secret@example.org/x')).toThrow(
      expect.objectContaining({
        code: 'VMCTL_IMAGE_URL_INVALID',
        message: expect.not.stringContaining('secret'),
      }),
    );
  });
});

describe('the file name of a URL', () => {
  it.each([
    ['https://example.org/a/noble.img?x=/y', 'noble.img'],
    ['https://example.org/Debian%2012.qcow2', 'Debian 12.qcow2'],
    ['https://example.org/%E0%A4%A', '%E0%A4%A'],
    ['https://example.org/', ''],
  ])('of %s is %j', (url, expected) => {
    expect(fileNameOfUrl(new URL(url))).toBe(expected);
  });

  it.each([
    ['noble.img', 'noble.img'],
    ['Debian 12 (bookworm).qcow2', 'Debian-12-bookworm-.qcow2'],
    ['../../etc/passwd', 'etc-passwd'],
    ['.hidden', 'hidden'],
    ['', 'image'],
    ['///', 'image'],
  ])('%j becomes %j in the cache', (name, expected) => {
    expect(sanitiseFileName(name)).toBe(expected);
  });

  it('is always a plain, short, visible file name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const safe = sanitiseFileName(name);
        expect(safe).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/);
        expect(safe.length).toBeLessThanOrEqual(80);
      }),
    );
  });
});
