import { localTime } from '../host/local-time.js';
import type { ImageListing } from '../operations/image-listing.js';
import type { PulledImage } from '../operations/images.js';
import type { Style } from './style.js';
import { renderTable } from './table.js';
import { oneLine } from './terminal-text.js';
import { formatAge, formatBytes } from './units.js';

/** Digits of a digest that are shown; as many as `vmctl image remove` needs are always fewer. */
const SHOWN_DIGITS = 12;

/** `vmctl image list` for people. */
export function imageTable(images: readonly ImageListing[], now = Date.now()): string[] {
  return renderTable(images, [
    { title: 'NAME', value: ({ name }) => oneLine(name) },
    { title: 'DIGEST', value: ({ sha256 }) => sha256.slice(0, SHOWN_DIGITS) },
    { title: 'FORMAT', value: ({ format }) => format },
    { title: 'ON DISK', value: ({ diskUsage }) => formatBytes(diskUsage), align: 'right' },
    { title: 'VIRTUAL', value: ({ virtualSize }) => formatBytes(virtualSize), align: 'right' },
    { title: 'AGE', value: ({ fetchedAt }) => age(fetchedAt, now), align: 'right' },
    { title: 'USED BY', value: ({ usedBy }) => (usedBy.length === 0 ? '-' : usedBy.join(', ')) },
    { title: 'FROM', value: ({ url }) => oneLine(url) },
  ]);
}

/** What all images take together: `3 images, 1.2 GiB on disk`. */
export function imageTotal(images: readonly ImageListing[]): string {
  const bytes = images.reduce((sum, { diskUsage }) => sum + diskUsage, 0);
  return `${countImages(images.length)}, ${formatBytes(bytes)} on disk`;
}

/** One image as a block of `name  value` lines. */
export function imageText(image: ImageListing, style: Style, now = Date.now()): string {
  const rows: [string, string][] = [
    ['from', oneLine(image.url)],
    ['sha256', image.sha256],
    ['format', image.format],
    ['virtual', formatBytes(image.virtualSize)],
    ['on disk', formatBytes(image.diskUsage)],
    ['download', formatBytes(image.downloadSize)],
    ['fetched', `${oneLine(localTime(image.fetchedAt))} (${age(image.fetchedAt, now)} ago)`],
    ['file', image.path],
    ['used by', image.usedBy.length === 0 ? 'no VM' : image.usedBy.join(', ')],
  ];
  return [
    style.strong(oneLine(image.name)),
    ...rows.map(([label, value]) => `  ${style.dim(label.padEnd(8))} ${value}`),
  ].join('\n');
}

/** What became of one URL; undefined for one that failed, which is an error. */
export function pulledText(pulled: PulledImage): string | undefined {
  if (pulled.outcome === 'failed') return undefined;
  const { name, sha256, downloadSize, format, virtualSize } = pulled.image;
  const what = `${oneLine(name)} (${format}, ${formatBytes(virtualSize)}), sha256 ${sha256}`;
  switch (pulled.outcome) {
    case 'cached':
      return `In the cache already: ${what}`;
    case 'unchanged':
      return `Unchanged at its source: ${what}`;
    case 'downloaded':
      return `Downloaded ${formatBytes(downloadSize)}: ${what}`;
  }
}

/** `1 image`, `3 images`. */
export function countImages(count: number): string {
  return `${count} image${count === 1 ? '' : 's'}`;
}

function age(fetchedAt: string, now: number): string {
  const time = Date.parse(fetchedAt);
  return Number.isNaN(time) ? '-' : formatAge(now - time);
}
