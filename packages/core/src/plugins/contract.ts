import type { VmctlErrorOptions } from '../errors/vmctl-error.js';
import type { Exec } from '../host/exec.js';
import type { Logger } from '../host/logger.js';
import type { ProcessTable } from '../host/process-contract.js';
import type { DiskTools } from '../images/contract.js';
import type { VmctlHooks } from './hooks.js';

/** The version of everything a plugin sees; a major number of its own, apart from the package's. */
export const PLUGIN_API_VERSION = 1;

/** What a plugin's entry module exports as its default. */
export interface VmctlPlugin {
  /** The package's name. */
  readonly name: string;
  readonly apiVersion: number;
  /** Taps the hooks. Called once a process, when something that the plugin contributes is needed. */
  apply(host: PluginHost): void | Promise<void>;
}

/** The `vmctl` field of a plugin's package.json. */
export interface PluginManifest {
  readonly apiVersion: number;
  /** The entry module, relative to the package. */
  readonly entry: string;
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
  /** `$XDG_DATA_HOME/vmctl`. */
  readonly dataDir: string;
  /** `$XDG_CACHE_HOME/vmctl`: may be emptied at any time. */
  readonly cacheDir: string;
  readonly homeDir: string;
}

/** Everything that a plugin takes from vmctl; nothing of core is imported at run time. */
export interface PluginHost {
  readonly apiVersion: typeof PLUGIN_API_VERSION;
  readonly hooks: VmctlHooks;
  readonly log: Logger;
  readonly paths: HostPaths;
  readonly platform: NodeJS.Platform;
  /** The environment, as a plugin should read it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exec: Exec;
  readonly processes: ProcessTable;
  readonly disks: DiskTools;
  readonly ports: {
    /** A TCP port that is free now on that address, and not handed out before by this process. Default 127.0.0.1. */
    free(address?: string): Promise<number>;
  };
  readonly sockets: {
    /** A path of at most 100 bytes that leads to `path` (a short symbolic link to its directory where needed). */
    shortPath(path: string): Promise<string>;
  };
  readonly files: {
    /** Writes through a temporary file, fsync and rename. Mode default 0600. */
    writeAtomic(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  };
  /** Makes an error that vmctl shows as it is: code, message, hint. */
  readonly error: (code: string, options: VmctlErrorOptions) => Error;
}

/** What a backend's factory is given. */
export interface BackendContext {
  readonly name: string;
}

/** What the factory of a VM's node is given. */
export interface VmNodeContext {
  readonly name: string;
}

/** What a provisioner's factory is given. */
export interface ProvisionerContext {
  readonly type: string;
}
