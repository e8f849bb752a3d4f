import type { ErrorReport } from '../errors/error-report.js';
import type { Exec } from '../host/exec.js';
import type { LockHolder } from '../host/lock.js';
import type { ProcessTable } from '../host/process-contract.js';
import type { PluginManifest } from '../plugins/contract.js';
import type { ManifestProblem } from '../plugins/manifest.js';

/** What the store of plugins is made of. */
export interface PluginStoreOptions {
  /** oclif's data directory: `$XDG_DATA_HOME/vmctl/plugins`. Made when something is installed. */
  readonly directory: string;
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly processes: ProcessTable;
  /** The version of the core that runs. */
  readonly coreVersion: string;
}

/** What every change of the store may be given. */
export interface ChangeOptions {
  /** An abort ends npm, removes what was begun, and leaves everything as it was. */
  readonly signal: AbortSignal;
  /** Called for another process that changes the plugins and is waited for. */
  readonly onWait?: ((holder: LockHolder) => void) | undefined;
  /** Called with what is begun: a package that npm is given. */
  readonly onStart?: ((spec: string) => void) | undefined;
}

/** A plugin that was installed or linked. */
export interface AddedPlugin {
  readonly name: string;
  readonly version: string;
  /** Absolute. */
  readonly root: string;
  /** Where it came from; installs the same when it is given again. */
  readonly from: string;
  /** The version in whose place it is; null when there was none. */
  readonly replaced: string | null;
  /** The folder of a linked plugin in whose place it is; null when there was none, or the same. */
  readonly unlinked: string | null;
  /** What it brings; null for a linked one whose manifest has a problem. */
  readonly contributes: PluginManifest['contributes'] | null;
  /** Why a linked one cannot be used yet, or an installed one seems to be unusable. */
  readonly problem: ManifestProblem | null;
}

/** What an uninstallation did. */
export interface Uninstalled {
  /** The names of the plugins that were removed or unlinked. */
  readonly removed: readonly string[];
  /** The installed ones that are there again, because what was unlinked had taken their place. */
  readonly restored: readonly RestoredPlugin[];
}

/** An installed plugin that is there again. */
export interface RestoredPlugin {
  readonly name: string;
  /** Null when it cannot be read. */
  readonly version: string | null;
}

/** What an update did with one plugin. */
export interface UpdatedPlugin {
  readonly name: string;
  readonly from: string;
  /** Null when what was there could not be read. */
  readonly before: string | null;
  /** Equal to `before` when only what it depends on is newer, or nothing is. */
  readonly after: string | null;
  readonly changed: boolean;
  /** Why it is as it was. */
  readonly problem: ErrorReport | null;
}
