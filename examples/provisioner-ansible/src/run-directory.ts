import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PluginHost, SshAccess } from '@vmctl/core/plugin';
import type { RunFiles } from './command.js';
import { inventoryOf, sshConfigOf } from './inventory.js';

export interface RunDirectory {
  readonly files: RunFiles;
  /** Ends connections that are still shared, and removes everything. */
  remove(): Promise<void>;
}

/** What Ansible names its sockets, and what ssh adds while it makes one. */
const SOCKET_NAME_LENGTH = 10 + 17;
/** Ending a connection is a word to a local process. */
const END_MS = 2_000;

/** Makes a directory for one run that nobody else can look into: inventory, ssh configuration, variables. */
export async function makeRunDirectory(
  host: Pick<PluginHost, 'exec' | 'sockets' | 'log'>,
  run: {
    readonly vm: string;
    readonly ssh: SshAccess;
    readonly groups: readonly string[];
    readonly variables: Readonly<Record<string, string>>;
  },
): Promise<RunDirectory> {
  const directory = await mkdtemp(join(tmpdir(), 'vmctl-ansible-'));
  const at = (name: string): string => join(directory, name);
  const sshConfig = at('ssh_config');
  const remove = async (): Promise<void> => {
    await endSharedConnections(host, at('control'), sshConfig);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const { vm, ssh, groups, variables } = run;
    await Promise.all([mkdir(at('control'), { mode: 0o700 }), mkdir(at('local'), { mode: 0o700 })]);
    const inventory = inventoryOf({ name: vm, ssh, groups, sshConfigPath: sshConfig });
    await Promise.all([
      writeFile(sshConfig, sshConfigOf(ssh), { mode: 0o600 }),
      writeFile(at('inventory.json'), inventory, { mode: 0o600 }),
      writeFile(at('variables.json'), JSON.stringify(variables), { mode: 0o600 }),
    ]);
    const longest = join(at('control'), 'x'.repeat(SOCKET_NAME_LENGTH));
    return {
      files: {
        inventory: at('inventory.json'),
        variables: at('variables.json'),
        localTemporary: at('local'),
        controlSockets: dirname(await host.sockets.shortPath(longest)),
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * Ansible's ssh leaves one connection open for the next task, in a process of its own that belongs to nobody. What
 * it does not end by itself within a minute is ended here.
 */
async function endSharedConnections(
  host: Pick<PluginHost, 'exec' | 'log'>,
  directory: string,
  sshConfig: string,
): Promise<void> {
  const sockets = await readdir(directory).catch(() => []);
  await Promise.all(
    sockets.map((name) =>
      host
        // By its name alone: a path could be too long for a socket.
        .exec('ssh', ['-F', sshConfig, '-o', `ControlPath=${name}`, '-O', 'exit', 'guest'], {
          cwd: directory,
          timeoutMs: END_MS,
          allowFailure: true,
        })
        .catch((error: unknown) => host.log.debug('a shared connection could not be ended', error)),
    ),
  );
}
