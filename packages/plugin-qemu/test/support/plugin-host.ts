import type { PluginHost, VmctlEventBody } from '@vmctl/core/plugin';
import { join } from 'node:path';
import { VmctlError } from '../../../core/src/errors/vmctl-error.js';
import { writeAtomic } from '../../../core/src/host/atomic-file.js';
import { createExec } from '../../../core/src/host/exec.js';
import { createLogger } from '../../../core/src/host/logger.js';
import { createPorts } from '../../../core/src/host/ports.js';
import { createProcessTable } from '../../../core/src/host/process-table.js';
import { shortPath } from '../../../core/src/host/short-socket-path.js';
import type { HypervisorContext } from '../../../core/src/hypervisor/contract.js';
import { newHandle } from '../../../core/src/hypervisor/new-handle.js';
import { createDiskTools } from '../../../core/src/images/disk-tools.js';
import {
  BackendConfiguration,
  type SettingSources,
} from '../../../core/src/operations/backend-configuration.js';
import { createHooks } from '../../../core/src/plugins/hooks.js';

/** How a host gives a backend its settings, from these sources. */
export function backendSettings(sources: SettingSources): PluginHost['backendSettings'] {
  const settings = new BackendConfiguration(sources);
  return (backend, known) => settings.declare(backend, known);
}

/** A host made of core's real parts, with its directories below `root`. */
export function createPluginHost(root: string, overrides: Partial<PluginHost> = {}): PluginHost {
  const env = overrides.env ?? process.env;
  const exec = createExec({ env });
  return {
    apiVersion: 1,
    hooks: createHooks(),
    log: createLogger('vmctl:qemu-test'),
    paths: { dataDir: join(root, 'data'), cacheDir: join(root, 'cache'), homeDir: root },
    platform: process.platform,
    env,
    exec,
    processes: createProcessTable(),
    disks: createDiskTools({ exec }),
    ports: createPorts(),
    // Short links go where the test cleans up.
    sockets: { shortPath: (path) => shortPath(path, { env: { XDG_RUNTIME_DIR: root } }) },
    files: { writeAtomic },
    locks: { hold: (_name, _options, work) => work() },
    newHandle,
    backendSettings: backendSettings({ env, homeDir: root }),
    error: (code, options) => new VmctlError(code, options),
    ...overrides,
  };
}

/** A context that remembers the events. */
export function createContext(
  signal: AbortSignal = new AbortController().signal,
): HypervisorContext & { readonly seen: VmctlEventBody[] } {
  const seen: VmctlEventBody[] = [];
  return {
    signal,
    log: createLogger('vmctl:qemu-test'),
    events: { emit: (event) => void seen.push(event) },
    seen,
  };
}

/** Makes errors as core does. */
export const makeError: PluginHost['error'] = (code, options) => new VmctlError(code, options);
