import { join } from 'node:path';
import { createExec } from '../host/exec.js';
import { createLogger } from '../host/logger.js';
import { createProcessTable } from '../host/process-table.js';
import { shortPath } from '../host/short-socket-path.js';
import { createPluginHost } from '../operations/plugin-host.js';
import type { PluginHost } from '../plugins/contract.js';
import { createHooks } from '../plugins/hooks.js';

export interface RealHostOptions {
  /** Absolute; the host's directories are below it, and short links to sockets are in it. */
  readonly directory: string;
  /** The environment that the plugin and its commands see. Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * The host as vmctl gives it to plugins, with hooks and directories of its own: commands are run, disks are made and
 * ports are looked for on this machine.
 */
export function createRealHost({ directory, env = process.env }: RealHostOptions): PluginHost {
  return Object.freeze<PluginHost>({
    ...createPluginHost({
      hooks: createHooks(),
      log: createLogger('vmctl:test'),
      paths: {
        dataDir: join(directory, 'data'),
        cacheDir: join(directory, 'cache'),
        homeDir: join(directory, 'home'),
      },
      platform: process.platform,
      env,
      exec: createExec({ env }),
      processes: createProcessTable(),
    }),
    sockets: { shortPath: (path) => shortPath(path, { env: { XDG_RUNTIME_DIR: directory } }) },
  });
}
