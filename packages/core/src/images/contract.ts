import type { EventSink } from '../events/events.js';
import type { Logger } from '../host/logger.js';

/** Where a VM's image comes from, as the VMFile says it. */
export type ImageReference =
  | { readonly kind: 'path'; /** Absolute. */ readonly path: string }
  | {
      readonly kind: 'url';
      readonly url: string;
      /** Lower-case hex digest of the bytes as downloaded (before decompression). */
      readonly sha256?: string | undefined;
    };

/** Disk formats that a backend can be given, detected from content. */
export type DiskFormat = 'qcow2' | 'raw';

/** A local image that may be used as a base; nobody ever writes to it. */
export interface ResolvedImage {
  /** Absolute path. */
  readonly path: string;
  /** Detected from content, never from the name. */
  readonly format: DiskFormat;
  /** Bytes that the guest sees. */
  readonly virtualSize: number;
  /** For people: the file's name. */
  readonly label: string;
  /** `local`: a path of the user's; `cached`: was in the cache; `downloaded`: came just now. */
  readonly origin: 'local' | 'cached' | 'downloaded';
}

/** What an image source is given. */
export interface ImageSourceContext {
  /** For diagnostics. */
  readonly log: Logger;
}

/** What comes from an image source: a stream of the file's bytes, as stored at the source. */
export interface ImageStream {
  /** Read once, to its end or until an abort. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Bytes to come, where the source says so. */
  readonly size?: number | undefined;
  /** The file's name, for its suffix (`.xz` …) and for people. */
  readonly fileName: string;
  /** Digest that the source itself vouches for (OCI), enforced like the VMFile's. */
  readonly sha256?: string | undefined;
}

/** One way to fetch an image, chosen by the URL's scheme. */
export interface ImageSource {
  /** URL scheme, lower case, without the colon. */
  readonly scheme: string;
  /**
   * A short text that changes when the content behind the URL does; it becomes part of the cache key. For sources
   * that can tell at once and without a network (a file's size and time); without it, the URL alone is the key.
   */
  fingerprint?(url: URL): Promise<string>;
  /** Opens the stream. Rejects with a VMCTL_IMAGE_* error; an abort ends the transfer. */
  open(
    url: URL,
    options: {
      readonly signal: AbortSignal;
      readonly events: EventSink;
      /**
       * The image is looked for in another place when this one does not give it, so that a place that does not answer, or
       * asks to come back later, should be given up at once. Default false.
       */
      readonly hasAlternative?: boolean | undefined;
    },
  ): Promise<ImageStream>;
}

/** qemu-img work that backends share. */
export interface DiskTools {
  /**
   * Reads format and size from the file's content, without trusting it: refuses a directory, a text file, a
   * truncated qcow2, and a qcow2 that names a backing file or an external data file (it could read any host file).
   * `subject` is what messages call it, by default its path.
   */
  inspect(
    path: string,
    options?: { readonly subject?: string | undefined },
  ): Promise<{ readonly format: DiskFormat; readonly virtualSize: number }>;
  /**
   * Creates a qcow2 overlay over `base` with the backing format explicit, as large as `sizeBytes` when given.
   * Refuses to be smaller than the base. Leaves nothing behind when it fails.
   */
  createOverlay(options: {
    readonly base: { readonly path: string; readonly format: DiskFormat; readonly virtualSize: number };
    readonly overlayPath: string;
    readonly sizeBytes?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<{ readonly virtualSize: number }>;
}
