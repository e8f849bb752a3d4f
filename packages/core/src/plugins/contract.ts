import type { BackendSettings, BackendSettingValues } from '../config/backend-setting.js';
import type { VmctlErrorOptions } from '../errors/vmctl-error.js';
import type { Exec } from '../host/exec.js';
import type { Logger } from '../host/logger.js';
import type { ProcessTable } from '../host/process-contract.js';
import type { VmHandle, VmSpec } from '../hypervisor/contract.js';
import type { DiskTools } from '../images/contract.js';
import type { VmctlHooks } from './hooks.js';

/** The version of everything a plugin sees; a major number of its own, apart from the package's. */
export const PLUGIN_API_VERSION = 1;

/** What a plugin's entry module exports as its default. */
export interface VmctlPlugin {
  /** The package's name. */
  readonly name: string;
  /** The same as in package.json; others are refused. */
  readonly apiVersion: number;
  /** Taps the hooks. Called once a process, when something that the plugin contributes is needed. */
  apply(host: PluginHost): void | Promise<void>;
}

/** The `vmctl` field of a plugin's package.json. */
export interface PluginManifest {
  /** The version of the plugin API that it is written for. Another one is refused before any code is loaded. */
  readonly apiVersion: number;
  /** The entry module, relative to the package. */
  readonly entry: string;
  /** What it brings, by kind. Nothing that is not named here is ever asked of it. */
  readonly contributes: {
    /** Backends by name, with the platforms (`process.platform`) for which they are the default. */
    readonly hypervisors?: Readonly<Record<string, { readonly platforms: readonly string[] }>>;
    readonly provisioners?: readonly string[];
    /** URL schemes, without the colon. */
    readonly imageSources?: readonly string[];
    /** Names of nodes that a `vm` may have: lower case, words joined by `-`, none that core knows. */
    readonly vmNodes?: readonly string[];
    /**
     * When `up` needs its taps of the stages: `true`, always; `"vmNodes"`, for VMFiles that have one of its nodes,
     * and otherwise the plugin is not loaded for its taps; `false`, never.
     */
    readonly up?: boolean | 'vmNodes';
  };
}

/** Directories a plugin may use. Absolute. */
export interface HostPaths {
  /** The data directory: `$XDG_DATA_HOME/vmctl`, unless the configuration names another. */
  readonly dataDir: string;
  /** `$XDG_CACHE_HOME/vmctl`, or `$VMCTL_CACHE_DIR`: may be emptied at any time. */
  readonly cacheDir: string;
  /** The user's home directory. */
  readonly homeDir: string;
}

/** Everything that a plugin takes from vmctl; nothing of core is imported at run time. */
export interface PluginHost {
  /** The version of the API that this vmctl serves the plugin with. */
  readonly apiVersion: typeof PLUGIN_API_VERSION;
  /** Where the plugin puts what it brings. */
  readonly hooks: VmctlHooks;
  /** For diagnostics: `DEBUG=vmctl:*`. */
  readonly log: Logger;
  /** Directories it may use. */
  readonly paths: HostPaths;
  /** `linux`, `sunos`, … as in `process.platform`. */
  readonly platform: NodeJS.Platform;
  /** The environment, as a plugin should read it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs host commands, never through a shell. */
  readonly exec: Exec;
  /** Processes of this host. */
  readonly processes: ProcessTable;
  /** qemu-img work. */
  readonly disks: DiskTools;
  /** TCP ports of this host. */
  readonly ports: {
    /** A TCP port that is free now on that address, and not handed out before by this process. Default 127.0.0.1. */
    free(address?: string): Promise<number>;
  };
  /** Paths of Unix sockets. */
  readonly sockets: {
    /** A path of at most 100 bytes that leads to `path` (a short symbolic link to its directory where needed). */
    shortPath(path: string): Promise<string>;
  };
  /** Files of this host. */
  readonly files: {
    /** Writes through a temporary file, fsync and rename. Mode default 0600. */
    writeAtomic(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  };
  /** Locks between processes of vmctl, and between parts of one. */
  readonly locks: {
    /**
     * Waits until nobody else holds the lock of that name, and holds it while `work` runs. A lock whose holder died is
     * free. Not reentrant. Names are shared by all plugins: begin them with your own.
     *
     * @throws VMCTL_LOCKED after an hour; the reason of the abort when `signal` ends the waiting
     */
    hold<T>(
      name: string,
      options: {
        /** What the holder does, for the messages of others: `converting an image`. */
        readonly purpose: string;
        readonly signal?: AbortSignal | undefined;
      },
      work: () => Promise<T>,
    ): Promise<T>;
  };
  /** The handle of a VM that was just made of `spec`, with neither process nor disk nor sockets: a backend adds its own. */
  readonly newHandle: (spec: VmSpec) => VmHandle;
  /**
   * Says which settings a backend has in the configuration, under `backends.NAME`, and in the environment. To be called
   * when the backend is made, so that `vmctl config` knows them as well.
   *
   * The function that comes back gives the values, as the configuration has them. It rejects with VMCTL_CONFIG_INVALID,
   * which names every wrong value and every setting that the backend has not declared, each with its place.
   */
  readonly backendSettings: <const T extends BackendSettings>(
    backend: string,
    settings: T,
  ) => () => Promise<BackendSettingValues<T>>;
  /** Makes an error that vmctl shows as it is: code, message, hint. */
  readonly error: (code: string, options: VmctlErrorOptions) => Error;
}
