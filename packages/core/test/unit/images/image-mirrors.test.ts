import { describe, expect, it } from '@jest/globals';
import { mirrorsOf } from '../../../src/images/image-mirrors.js';

/** Where else the image is looked for. */
const mirrored = (url: string, mirrors: Readonly<Record<string, readonly string[]>>): string[] =>
  mirrorsOf(
    new URL(url),
    Object.entries(mirrors).map(([prefix, urls]) => ({ prefix, urls })),
  ).map(({ href }) => href);

describe('the mirrors of an image', () => {
  it.each([
    [
      'https://a.example/x/disk.img',
      'https://a.example/',
      'https://m.example/',
      'https://m.example/x/disk.img',
    ],
    [
      'https://a.example/x/disk.img',
      'https://a.example/x',
      'https://m.example/y',
      'https://m.example/y/disk.img',
    ],
    [
      'https://a.example/x/disk.img',
      'https://a.example/x',
      'https://m.example/',
      'https://m.example/disk.img',
    ],
    [
      'https://a.example/x/disk.img',
      'https://a.example/x/',
      'https://m.example/y',
      'https://m.example/y/disk.img',
    ],
    [
      'https://a.example/disk.img',
      'https://a.example/disk.img',
      'https://m.example/d',
      'https://m.example/d',
    ],
    ['https://a.example/x?id=7', 'https://a.example/x', 'https://m.example/y', 'https://m.example/y?id=7'],
    [
      'https://a.example/disk.img',
      'https://a.example/',
      'file:///srv/images/',
      'file:///srv/images/disk.img',
    ],
    [
      'oci://quay.io/disks/fedora:42',
      'oci://quay.io',
      'oci://127.0.0.1:5000',
      'oci://127.0.0.1:5000/disks/fedora:42',
    ],
    [
      'oci://quay.io/disks/fedora:42',
      'oci://quay.io/disks/fedora',
      'oci://m.example/f',
      'oci://m.example/f:42',
    ],
  ])('of %s with %s → %s are %s', (url, prefix, mirror, expected) => {
    expect(mirrored(url, { [prefix]: [mirror] })).toEqual([expected]);
  });

  it.each([
    ['https://a.example/images-old/disk.img', 'https://a.example/images'],
    ['https://a.example.org/disk.img', 'https://a.example/'],
    ['http://a.example/disk.img', 'https://a.example/'],
    ['oci://quay.io:5000/disks/fedora', 'oci://quay.io'],
  ])('are none for %s, which is not below %s', (url, prefix) => {
    expect(mirrored(url, { [prefix]: ['https://m.example/'] })).toEqual([]);
  });

  it('are those of the longest prefix alone, in their order', () => {
    expect(
      mirrored('https://a.example/deep/disk.img', {
        'https://a.example/': ['https://wide.example/'],
        'https://a.example/deep/': ['https://one.example/', 'https://two.example/'],
      }),
    ).toEqual(['https://one.example/disk.img', 'https://two.example/disk.img']);
  });

  it('are not told the login of the image’s own server', () => {
    expect(
      mirrored('https://me:secret@a.example/disk.img', { 'https://a.example/': ['https://m.example/'] }),
    ).toEqual(['https://m.example/disk.img']);
  });
});
