import type { ImageSource, PluginHost, VmctlPlugin } from '@vmctl/core/plugin';

/** Where the source comes from: a plugin's entry, or whatever makes one. */
export type ImageSourceSource =
  | {
      readonly plugin: VmctlPlugin;
      /** The URL scheme that the plugin taps, without the colon: `oci`. */
      readonly scheme: string;
    }
  | { readonly create: (host: PluginHost) => ImageSource | Promise<ImageSource> };

/** An image that can be fetched through the source. */
export interface ServedImage {
  readonly url: URL;
  /** A URL of the same place, at which there is nothing. */
  readonly missing: URL;
  /** Puts other bytes behind the same URL. Without it, that `fingerprint` notices is not checked. */
  replace?(content: Uint8Array): Promise<void>;
  /** Connections, files and the like that are open for transfers now. Without it, that they are freed is not checked. */
  open?(): number | Promise<number>;
  /** A URL whose transfer ends after some of the bytes, without an error of its own. */
  readonly truncated?: URL;
  /** A URL whose transfer stops after some of the bytes and neither goes on nor ends. */
  readonly stalled?: URL;
  /** Ends the server. */
  close(): Promise<void>;
}

/** An image source, and what the kit has to know to try it. */
export type ImageSourceSubject = ImageSourceSource & {
  /** Offers these bytes as an image, for each check anew; `directory` is the check's own. */
  serve(content: Uint8Array, directory: string): Promise<ServedImage>;
  /** How long one call may take before the check counts it as hanging, in milliseconds. Default 30,000. */
  readonly callMs?: number;
};
