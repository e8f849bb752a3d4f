import { isAbsolute, join, resolve } from 'node:path';
import { expandHome, homeDirectory } from '../host/home-directory.js';

/**
 * The directory of the user's plugins: in `VMCTL_DATA_DIR`, or where oclif has its data, `$XDG_DATA_HOME/vmctl/plugins`.
 * oclif itself would take `VMCTL_DATA_DIR` for this directory, where VMs and images are.
 */
export function pluginsDirectory(env: NodeJS.ProcessEnv): string {
  const { HOME, VMCTL_DATA_DIR: given, XDG_DATA_HOME: base } = env;
  const home = HOME !== undefined && isAbsolute(HOME) ? HOME : homeDirectory();
  if (given) return resolve(expandHome(given, home), 'plugins');
  // A relative one is ignored, as the XDG Base Directory Specification asks.
  return join(base && isAbsolute(base) ? base : join(home, '.local/share'), 'vmctl/plugins');
}
