import { VmctlError, type VmctlErrorOptions } from '../errors/vmctl-error.js';
import type { Exec } from '../host/exec.js';
import type { Logger } from '../host/logger.js';
import type { ProcessTable } from '../host/process-contract.js';
import { newHandle } from '../hypervisor/new-handle.js';
import type { DiskTools } from '../images/contract.js';
import type { HostPaths, PluginHost } from '../plugins/contract.js';
import type { VmctlHooks } from '../plugins/hooks.js';
import { DataDir } from '../state/data-dir.js';
import { BackendConfiguration } from './backend-configuration.js';

export interface PluginHostOptions {
  readonly hooks: VmctlHooks;
  readonly log: Logger;
  readonly paths: HostPaths;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exec: Exec;
  readonly processes: ProcessTable;
  /** Default: what the environment says. */
  readonly settings?: BackendConfiguration | undefined;
}

/**
 * What plugins take from vmctl. Services that only some commands need are imported when they are first called: `list`
 * asks backends for states, and would pay for disks and ports as well.
 */
export function createPluginHost({ settings, ...options }: PluginHostOptions): PluginHost {
  const { exec, env } = options;
  const declared = settings ?? new BackendConfiguration({ env, homeDir: options.paths.homeDir });
  const disks = once<DiskTools>(async () =>
    (await import('../images/disk-tools.js')).createDiskTools({ exec }),
  );
  // One for all plugins: it remembers the ports that it has given out.
  const ports = once(async () => (await import('../host/ports.js')).createPorts());
  return Object.freeze<PluginHost>({
    apiVersion: 1,
    ...options,
    disks: {
      inspect: async (path, inspection) => (await disks()).inspect(path, inspection),
      createOverlay: async (overlay) => (await disks()).createOverlay(overlay),
    },
    ports: { free: async (address) => (await ports()).free(address) },
    sockets: {
      shortPath: async (path) => (await import('../host/short-socket-path.js')).shortPath(path),
    },
    files: {
      writeAtomic: async (path, content, mode) =>
        (await import('../host/atomic-file.js')).writeAtomic(path, content, mode),
    },
    locks: {
      hold: async (name, { purpose, signal }, work) => {
        const { acquireLock } = await import('../host/lock.js');
        const directory = new DataDir(options.paths.dataDir).locks;
        const { processes } = options;
        const wanted = { directory, name: `plugin-${name}`, subject: name, purpose, processes };
        const lock = await acquireLock({ ...wanted, wait: true, signal });
        try {
          return await work();
        } finally {
          await lock.release();
        }
      },
    },
    newHandle,
    backendSettings: (backend, known) => declared.declare(backend, known),
    error: (code: string, details: VmctlErrorOptions) => new VmctlError(code, details),
  });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
