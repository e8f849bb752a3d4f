import { describe, expect, it } from '@jest/globals';
import { nextUrl } from '../../../src/images/http-get.js';

const start = new URL('https://me:secret@example.org/a/noble.img');
const next = (from: string, location: string) => nextUrl(start, new URL(from), location).href;

describe('a redirect', () => {
  it.each([
    ['https://example.org/a/x', 'https://mirror.example/b', 'https://mirror.example/b'],
    ['https://example.org/a/x', '/b', 'https://example.org/b'],
    ['https://example.org/a/x', 'b?c', 'https://example.org/a/b?c'],
    ['https://example.org/a/x', '//mirror.example/b', 'https://mirror.example/b'],
    ['http://example.org/a/x', 'https://example.org/a/x', 'https://example.org/a/x'],
    ['http://example.org/a/x', 'http://mirror.example/b', 'http://mirror.example/b'],
  ])('from %s to %s is followed', (from, location, expected) => {
    expect(next(from, location)).toBe(expected);
  });

  it.each([
    ['from https to http', 'http://mirror.example/b', /from https to http \(http:\/\/mirror\.example\/b\)/],
    ['to a local file', 'file:///etc/shadow', /to a file: URL/],
    ['to something that is no URL', 'https://', /which is no URL/],
  ])('%s is refused', (_what, location, message) => {
    expect(() => next('https://example.org/a/x', location)).toThrow(
      expect.objectContaining({
        code: 'VMCTL_IMAGE_DOWNLOAD_FAILED',
        message: expect.stringMatching(message),
      }),
    );
    expect(() => next('https://example.org/a/x', location)).not.toThrow(/secret/);
  });
});
