import type { PluginHost } from '@vmctl/core/plugin';
import type { HostCommands } from './host/host-commands.js';
import type { ZvolImages } from './zvol-images.js';

/** How long things may take; short ones are for tests. */
export interface Patience {
  /** Until a server that was started answers. */
  readonly upMs: number;
  /** Until a VM that was let run does. */
  readonly runningMs: number;
  /** Until a VM that migrates has done so, before it is destroyed. */
  readonly migrationMs: number;
}

/** What the operations of the backend share. */
export interface Parts {
  readonly host: PluginHost;
  readonly commands: HostCommands;
  readonly images: ZvolImages;
  readonly patience: Patience;
  /** Where the kernel shows its VMs, by UUID. */
  readonly vmmDirectory: string;
  /** What runs the console's recorder; undefined: as it is built. */
  readonly recorderCommand: readonly string[] | undefined;
}
