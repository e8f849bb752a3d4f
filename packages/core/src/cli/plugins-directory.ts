import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The directory of the user's plugins: in `VMCTL_DATA_DIR`, or where oclif has its data, `$XDG_DATA_HOME/vmctl/plugins`.
 * oclif itself would take `VMCTL_DATA_DIR` for this directory, where VMs and images are.
 */
export function pluginsDirectory(env: NodeJS.ProcessEnv): string {
  const given = env['VMCTL_DATA_DIR'];
  if (given) return resolve(given, 'plugins');
  return join(env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local/share'), 'vmctl/plugins');
}
