/**
 * What a configuration file says; for files that are programs:
 *
 * ```ts
 * import type { VmctlConfig } from '@vmctl/core';
 *
 * export default { parallel: 4, timeouts: { stop: 60 } } satisfies VmctlConfig;
 * ```
 *
 * Relative paths start at the directory of the file.
 */
export interface VmctlConfig {
  /** The backend of new VMs whose VMFile names none. Default: that of the platform. */
  readonly backend?: string | undefined;
  /** How many VMs of a VMFile are worked on at a time, 1 to 1024. Default: the number of processors, at least 4. */
  readonly parallel?: number | undefined;
  /** The directory of VMs, images and the plugins of projects. Default: `$XDG_DATA_HOME/vmctl`. */
  readonly dataDir?: string | undefined;
  /** The bridge of `network "tap"` without `bridge`. Default: `br0`. */
  readonly bridge?: string | undefined;
  /** In seconds, up to a day. */
  readonly timeouts?:
    | {
        /** Until a guest can be logged in to and its cloud-init has finished. Default: 120. */
        readonly ready?: number | undefined;
        /** Until a guest that does not power off is ended by force; 0: at once. Default: 30. */
        readonly stop?: number | undefined;
      }
    | undefined;
  readonly images?:
    | {
        /** Other places for images: the beginning of URLs, and what stands in its place, tried in order. */
        readonly mirrors?: Readonly<Record<string, string | readonly string[]>> | undefined;
      }
    | undefined;
  /** Settings of backends, by their names; what there is, each backend says. */
  readonly backends?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}
