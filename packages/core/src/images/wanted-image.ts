import { basename } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import type { EventSink } from '../events/events.js';
import { fsError } from '../host/fs-error.js';
import { COMPRESSION_MAGIC_BYTES, compressionOf, withoutCompressionSuffix } from './compression.js';
import type { ImageReference, ImageSource, ImageStream, ResolvedImage } from './contract.js';
import { fileFingerprint, openLocalStream } from './file-source.js';
import { cacheKeyOfPath, cacheKeyOfUrl, fileNameOfUrl, parseImageUrl, shownUrl } from './image-url.js';
import { type ImageMirror, mirrorsOf } from './image-mirrors.js';
import { openImageFile } from './local-file.js';

/** The source for a URL scheme (no colon); undefined when there is none. */
export type ImageSources = (scheme: string) => Promise<ImageSource | undefined>;

/** An image that has to be in the cache, wherever it comes from. */
export interface Wanted {
  readonly key: string;
  /** For messages and the sidecar, without secrets. */
  readonly subject: string;
  readonly label: string;
  readonly task: 'download' | 'decompress';
  readonly sha256: string | undefined;
  readonly origin: ResolvedImage['origin'];
  /** Where it can be had, in the order in which they are tried; at least one. */
  readonly places: readonly ImagePlace[];
}

/** A place where an image can be had. */
export interface ImagePlace {
  /** For messages, without secrets. */
  readonly subject: string;
  readonly open: (signal: AbortSignal, events: EventSink) => Promise<ImageStream>;
}

/**
 * The image behind a URL, which its mirrors may have as well.
 *
 * @throws VMCTL_IMAGE_URL_INVALID, VMCTL_IMAGE_SCHEME_UNKNOWN
 */
export async function describeUrl(
  reference: Extract<ImageReference, { kind: 'url' }>,
  sources: ImageSources,
  mirrors: readonly ImageMirror[] = [],
): Promise<Wanted> {
  const url = parseImageUrl(reference.url);
  const source = await sourceOf(url, sources);
  const name = withoutCompressionSuffix(fileNameOfUrl(url));
  return {
    key: cacheKeyOfUrl(url, await source.fingerprint?.(url)),
    subject: shownUrl(url),
    label: name === '' ? url.host : name,
    task: 'download',
    sha256: reference.sha256?.toLowerCase(),
    origin: 'downloaded',
    places: [...mirrorsOf(url, mirrors), url].map((place, index, all) => ({
      subject: shownUrl(place),
      open: async (signal, events) => {
        const hasAlternative = index < all.length - 1;
        return (await sourceOf(place, sources)).open(place, { signal, events, hasAlternative });
      },
    })),
  };
}

async function sourceOf(url: URL, sources: ImageSources): Promise<ImageSource> {
  const scheme = url.protocol.slice(0, -1);
  const source = await sources(scheme);
  if (source !== undefined) return source;
  throw new VmctlError('VMCTL_IMAGE_SCHEME_UNKNOWN', {
    message: `Nothing that is installed fetches images from ${scheme}: URLs (${shownUrl(url)}).`,
    hint: 'Use an https, http, file or oci URL, or install a plugin for it.',
  });
}

/** A compressed local file as something for the cache; undefined when it is not compressed. */
export async function describePackedFile(path: string): Promise<Wanted | undefined> {
  const local = await openImageFile(path);
  try {
    const head = Buffer.alloc(COMPRESSION_MAGIC_BYTES);
    const { bytesRead } = await local.file.read(head, 0, head.length, 0);
    if (compressionOf(head.subarray(0, bytesRead)) === undefined) return undefined;
  } catch (error) {
    throw fsError(error, { verb: 'read the image', path });
  } finally {
    await local.file.close();
  }
  return {
    key: cacheKeyOfPath(path, fileFingerprint(local)),
    subject: path,
    label: withoutCompressionSuffix(basename(path)),
    task: 'decompress',
    sha256: undefined,
    origin: 'local',
    places: [{ subject: path, open: (signal) => openLocalStream(path, path, signal) }],
  };
}
