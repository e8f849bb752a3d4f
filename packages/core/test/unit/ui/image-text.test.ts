import { describe, expect, it } from '@jest/globals';
import type { ImageListing } from '../../../src/operations/image-listing.js';
import { imageTable, imageText, imageTotal, pulledText } from '../../../src/ui/image-text.js';

const GIB = 2 ** 30;
const now = Date.parse('2026-03-10T00:00:00Z');
const plain = (text: string): string => text;
const style = { good: plain, bad: plain, warn: plain, dim: plain, strong: plain };

const image: ImageListing = {
  name: 'noble.img',
  url: 'https://example.org/noble.img.xz',
  sha256: 'ab12'.repeat(16),
  format: 'qcow2',
  virtualSize: 20 * GIB,
  downloadSize: GIB / 4,
  size: GIB,
  diskUsage: GIB / 2,
  fetchedAt: '2026-03-07T00:00:00Z',
  path: '/data/images/noble.img',
  usedBy: ['db', 'web'],
};

describe('the table of images', () => {
  it('shows digest, sizes, age, users and origin', () => {
    expect(imageTable([image, { ...image, name: 'old.img', usedBy: [], fetchedAt: 'never' }], now)).toEqual([
      'NAME       DIGEST        FORMAT  ON DISK  VIRTUAL  AGE  USED BY  FROM',
      'noble.img  ab12ab12ab12  qcow2   512 MiB   20 GiB   3d  db, web  https://example.org/noble.img.xz',
      'old.img    ab12ab12ab12  qcow2   512 MiB   20 GiB    -  -        https://example.org/noble.img.xz',
    ]);
    expect(imageTotal([image, image])).toBe('2 images, 1 GiB on disk');
  });

  it('lets no name of a file move the cursor', () => {
    expect(imageTable([{ ...image, url: 'https://example.org/\u001b[2Jx\n' }], now).join('')).not.toMatch(
      // eslint-disable-next-line no-control-regex -- control characters are the subject
      /[\x00-\x1f]/,
    );
  });
});

describe('one image', () => {
  it('is shown with its whole digest and its file', () => {
    const text = imageText(image, style, now);
    expect(text).toContain(image.sha256);
    expect(text).toContain('/data/images/noble.img');
    expect(text).toContain('db, web');
    expect(imageText({ ...image, usedBy: [] }, style, now)).toContain('no VM');
  });

  it('says after a pull whether it was there already', () => {
    expect(pulledText({ url: image.url, outcome: 'cached', image })).toMatch(/^In the cache already: noble/);
    expect(pulledText({ url: image.url, outcome: 'unchanged', image })).toMatch(
      /^Unchanged at its source: noble/,
    );
    expect(pulledText({ url: image.url, outcome: 'downloaded', image })).toMatch(
      /^Downloaded 256 MiB: noble/,
    );
  });
});
