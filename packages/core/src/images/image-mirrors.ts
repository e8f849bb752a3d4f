import { VmctlError, hasCode, messageOf } from '../errors/vmctl-error.js';
import type { EventSink } from '../events/events.js';

/** Other places for images whose URLs begin with a prefix. */
export interface ImageMirror {
  /** The beginning of URLs, as `new URL` writes them, without a login. */
  readonly prefix: string;
  /** What stands in its place, in the order in which they are tried. */
  readonly urls: readonly string[];
}

/**
 * Where else an image is to be looked for, in order: what the longest prefix says that its URL begins with. A login of
 * the URL is for its own server, and is not given to others.
 */
export function mirrorsOf(url: URL, mirrors: readonly ImageMirror[]): readonly URL[] {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  plain.hash = '';
  const { href } = plain;
  const [mirror] = mirrors
    .filter(({ prefix }) => beginsWith(href, prefix))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  if (mirror === undefined) return [];
  const rest = href.slice(mirror.prefix.length);
  return mirror.urls.map((base) => new URL(joined(base, rest, mirror.prefix.endsWith('/'))));
}

/** Whether a URL is below a prefix: `https://a.example/img` is no prefix of `https://a.example/img-old/disk`. */
function beginsWith(href: string, prefix: string): boolean {
  if (!href.startsWith(prefix)) return false;
  const rest = href.slice(prefix.length);
  if (prefix.endsWith('/') || rest === '' || rest.startsWith('/')) return true;
  // A tag or a digest of OCI may follow a path; after a host the same would be its port.
  const hasPath = prefix.slice(prefix.indexOf('://') + 3).includes('/');
  return hasPath && /^[?:@]/.test(rest);
}

/** The rest of a URL below another place, with one slash between them where the prefix had one. */
function joined(base: string, rest: string, slash: boolean): string {
  if (slash) return base.endsWith('/') ? base + rest : `${base}/${rest}`;
  return base.endsWith('/') && rest.startsWith('/') ? base + rest.slice(1) : base + rest;
}

/** What a mirror may fail at without an end to it all: everything that has to do with the place and what comes of it. */
const OF_THIS_HOST = ['VMCTL_DISK_FULL', 'VMCTL_NOT_WRITABLE'] as const;

/**
 * Fetches from the first place that has the image, whole and with the right checksum; a warning says which had not.
 *
 * @param places - in order; what the last one fails with is the error
 */
export async function fromFirst<T extends { readonly subject: string }, R>(
  places: readonly T[],
  options: { readonly events: EventSink; readonly signal: AbortSignal },
  fetch: (place: T) => Promise<R>,
): Promise<R> {
  for (const [index, place] of places.entries()) {
    try {
      return await fetch(place);
    } catch (error) {
      options.signal.throwIfAborted();
      const next = places[index + 1];
      if (next === undefined || OF_THIS_HOST.some((code) => hasCode(error, code))) throw error;
      options.events.emit({
        type: 'warning',
        vm: undefined,
        code: 'VMCTL_IMAGE_MIRROR_FAILED',
        message: `A mirror does not give the image: ${messageOf(error)}`,
        hint: `Tried next: ${next.subject}`,
      });
    }
  }
  throw new VmctlError('VMCTL_INTERNAL', { message: 'An image was to be fetched from nowhere.' });
}
