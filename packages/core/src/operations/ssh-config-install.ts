import { mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomic } from '../host/atomic-file.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { readRegularText } from '../host/regular-file.js';
import type { Runtime } from './runtime.js';
import { type SshConfig, type SshConfigOptions, sshConfig } from './ssh-config.js';

/** Where the configuration was put. */
export interface InstalledSshConfig extends SshConfig {
  readonly installed: {
    /** The file with the hosts, of which all is vmctl's. */
    readonly file: string;
    /** The user's own, with the line that includes it. */
    readonly userConfig: string;
    /** Whether that line was added just now. */
    readonly added: boolean;
  };
}

/**
 * Writes the configuration to a file of the data directory, and has `~/.ssh/config` include it. Only the names
 * `vmctl-NAME` are in it. Idempotent; the rest of the user's file and its mode stay as they are.
 *
 * @throws what `sshConfig` throws, and VMCTL_NOT_WRITABLE and the like
 */
export async function installSshConfig(
  runtime: Runtime,
  options: SshConfigOptions = {},
): Promise<InstalledSshConfig> {
  const config = await sshConfig(runtime, { plainNames: false, ...options });
  await runtime.dataDir.open();
  const file = join(runtime.dataDir.path, 'ssh_config');
  await writeAtomic(file, config.text);
  const userConfig = join(runtime.homeDir, '.ssh', 'config');
  return { ...config, installed: { file, userConfig, added: await includeIn(userConfig, file) } };
}

/** Adds the line at the top: after a `Host` it would count for that host only. Returns whether it was missing. */
async function includeIn(userConfig: string, file: string): Promise<boolean> {
  const { path, text, mode } = await readUserConfig(userConfig);
  const line = `Include "${file}"`;
  if (hasInPreamble(text, line)) return false;
  await writeAtomic(
    path,
    `# VMs, see vmctl ssh-config --help\n${line}\n${text === '' ? '' : `\n${text}`}`,
    mode,
  );
  return true;
}

async function readUserConfig(userConfig: string): Promise<{ path: string; text: string; mode: number }> {
  try {
    await mkdir(dirname(userConfig), { recursive: true, mode: 0o700 });
    // Who keeps such files elsewhere has symbolic links here.
    const path = await realpath(userConfig);
    const [text, stats] = await Promise.all([readRegularText(path), stat(path)]);
    return { path, text, mode: stats.mode & 0o7777 };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { path: userConfig, text: '', mode: 0o600 };
    throw fsError(error, { verb: 'read', path: userConfig });
  }
}

/** Whether a line stands before the first block. */
function hasInPreamble(text: string, wanted: string): boolean {
  for (const line of text.split('\n')) {
    if (line.trim() === wanted) return true;
    if (/^\s*(?:host|match)[\s=]/i.test(line)) return false;
  }
  return false;
}
