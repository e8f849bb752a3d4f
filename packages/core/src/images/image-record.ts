import type { DiskFormat } from './contract.js';

/** What the cache remembers of an image: the sidecar file next to it. Sizes in bytes. */
export interface ImageRecord {
  /** Name of the image in the same directory. */
  readonly file: string;
  /** 64 hex digits; what it is looked up by. */
  readonly key: string;
  /** Where it comes from, without secrets: a URL, or the path of a packed file. */
  readonly url: string;
  /** Digest of the bytes as they came, before they were unpacked. */
  readonly sha256: string;
  readonly download_size: number;
  /** Of the file in the cache. */
  readonly size: number;
  readonly format: DiskFormat;
  readonly virtual_size: number;
  /** ISO 8601. */
  readonly fetched_at: string;
}

/** Reads a sidecar; undefined when it is not one, and then the image counts as not there. */
export function parseRecord(text: string): ImageRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>; // any object's fields may be looked at
  const { file, key, url, sha256, download_size, size, format, virtual_size, fetched_at } = fields;
  const valid =
    isText(file) &&
    isDigest(key) &&
    isText(url) &&
    isDigest(sha256) &&
    isSize(download_size) &&
    isSize(size) &&
    (format === 'qcow2' || format === 'raw') &&
    isSize(virtual_size) &&
    isText(fetched_at);
  if (!valid) return undefined;
  return { file, key, url, sha256, download_size, size, format, virtual_size, fetched_at };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
