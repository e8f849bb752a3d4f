import { describe, expect, it } from '@jest/globals';
import { isLoopback, parseOciUrl } from '../../../src/images/oci-reference.js';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const parse = (url: string) => {
  const { origin, ...rest } = parseOciUrl(new URL(url));
  return { ...rest, origin: origin.origin };
};

describe('an oci: URL', () => {
  it.each([
    [
      'oci://quay.io/containerdisks/fedora:42',
      { origin: 'https://quay.io', registry: 'quay.io', repository: 'containerdisks/fedora', tag: '42' },
    ],
    ['oci://quay.io/containerdisks/fedora', { tag: 'latest', digest: undefined }],
    [`oci://quay.io/a/b@${DIGEST}`, { repository: 'a/b', tag: undefined, digest: DIGEST }],
    [`oci://quay.io/a/b:1.0@${DIGEST}`, { repository: 'a/b', tag: '1.0', digest: DIGEST }],
    [
      'oci://Registry.Example:5000/a',
      { origin: 'https://registry.example:5000', registry: 'registry.example:5000' },
    ],
    ['oci://docker.io/debian:12', { origin: 'https://registry-1.docker.io', repository: 'library/debian' }],
    ['oci://docker.io/me/disk', { repository: 'me/disk', registry: 'docker.io' }],
    ['oci://me:a%40b@quay.io/a', { registry: 'quay.io', credentials: { user: 'me', password: 'a@b' } }],
  ])('names registry, repository, tag and digest: %s', (url, expected) => {
    expect(parse(url)).toMatchObject(expected);
  });

  it('is asked for without TLS on this host only', () => {
    for (const host of ['localhost:5000', '127.0.0.1:5000', '127.3.2.1', '[::1]:5000']) {
      expect(parse(`oci://${host}/a`).origin).toBe(`http://${host}`);
    }
    for (const host of ['localhost.example', '127.0.0.1.example', '10.0.0.1', 'registry.lan:5000']) {
      expect(parse(`oci://${host}/a`).origin).toBe(`https://${host}`);
    }
    expect(isLoopback('128.0.0.1')).toBe(false);
  });

  it.each([
    'oci:a/b',
    'oci:///a/b',
    'oci://quay.io',
    'oci://quay.io/',
    'oci://quay.io/Upper/case',
    'oci://quay.io/a//b',
    'oci://quay.io/a:',
    'oci://quay.io/a:b:c',
    'oci://quay.io/a@sha256:abc',
    `oci://quay.io/a@md5:${'a'.repeat(32)}`,
    'oci://quay.io/a?b',
    'oci://quay.io/a#b',
    'oci://quay.io/a%2f..%2fb',
  ])('is refused when it does not name an image: %s', (url) => {
    expect(() => parseOciUrl(new URL(url))).toThrow(
      expect.objectContaining({ code: 'VMCTL_IMAGE_URL_INVALID' }),
    );
  });

  it('never shows a password', () => {
    const bad = new URL('oci://me:hunter2@quay.io/Bad');
    expect(() => parseOciUrl(bad)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});
