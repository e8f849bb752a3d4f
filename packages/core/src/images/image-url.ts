import { createHash } from 'node:crypto';
import { VmctlError } from '../errors/vmctl-error.js';

/** Query parameters that are secrets by their names: signed URLs, access tokens. */
const SECRET_PARAMETER = /token|secret|passw|signature|^sig$|credential|auth|api[-_]?key/i;
const REDACTED = '***';
const LONGEST_FILE_NAME = 80;

/**
 * Reads the URL of an image.
 *
 * @throws VMCTL_IMAGE_URL_INVALID
 */
export function parseImageUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) {
    throw new VmctlError('VMCTL_IMAGE_URL_INVALID', {
      // What cannot be parsed cannot be redacted in parts.
      message: `The image's URL ${JSON.stringify(text.replace(/\/\/[^/@\s]*@/, `//${REDACTED}@`))} is not a URL.`,
      hint: 'Write it in full, such as https://example.org/disk.qcow2. For a local file use: image "path/to/disk.qcow2"',
    });
  }
  return url;
}

/** The URL as it may be shown and stored: without passwords and without what looks like a secret in the query. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = REDACTED;
  else if (shown.username !== '') shown.username = REDACTED;
  for (const name of new Set(shown.searchParams.keys())) {
    if (SECRET_PARAMETER.test(name)) shown.searchParams.set(name, REDACTED);
  }
  return shown.href;
}

/**
 * The cache key of a URL, 64 hex digits. URLs that mean the same give the same key: the parser has settled case and
 * default ports, a fragment is not sent, and credentials do not change what is behind the URL.
 *
 * @param fingerprint - what the source says about the content ({@link ImageSource.fingerprint})
 */
export function cacheKeyOfUrl(url: URL, fingerprint = ''): string {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  plain.hash = '';
  return cacheKey('url', plain.href, fingerprint);
}

/** The cache key of a local file that is unpacked into the cache. */
export function cacheKeyOfPath(path: string, fingerprint: string): string {
  return cacheKey('path', path, fingerprint);
}

function cacheKey(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}

/** The last part of a URL's path, decoded; empty when it has none. */
export function fileNameOfUrl(url: URL): string {
  const last = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** Any text as a part of a file name: ASCII, no path, no hidden file, not too long. */
export function sanitiseFileName(name: string): string {
  const clean = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+|-+$/g, '')
    .slice(-LONGEST_FILE_NAME)
    .replace(/^[.-]+/, '');
  return clean === '' ? 'image' : clean;
}
