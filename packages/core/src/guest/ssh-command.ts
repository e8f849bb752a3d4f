import type { GuestAddress } from '../hypervisor/contract.js';
import type { SshAccess } from './contract.js';
import { hostKeyAlias } from './known-hosts.js';

/** What the system's `ssh` needs to know. */
export interface SshCommandOptions {
  readonly vm: string;
  readonly address: Extract<GuestAddress, { kind: 'tcp' }>;
  readonly user: string;
  /** Private key files, best first. Empty: ssh looks for keys itself. */
  readonly keyPaths: readonly string[];
  readonly knownHostsPath: string;
  /** Words of a command, joined by blanks and given to the login shell, as ssh does; none: a login shell. */
  readonly command?: readonly string[] | undefined;
  /** Whether the command gets a terminal; ssh's own choice by default: only a login shell does. */
  readonly tty?: boolean | undefined;
  /** Whether the known_hosts file has a key for the VM (default). If not, the first one is accepted and kept. */
  readonly pinned?: boolean | undefined;
}

/**
 * Arguments for the system's `ssh`: the VM's own known_hosts file, checked strictly; the user's ssh configuration
 * stays in force for everything else.
 */
export function sshArguments(options: SshCommandOptions): string[] {
  const { address, user, command = [], tty } = options;
  const settings = [
    ...sshSettings(options),
    // A shared connection is found by address and port, which belonged to another VM yesterday.
    'ControlPath=none',
  ];
  return [
    ...(tty === undefined ? [] : [tty ? '-t' : '-T']),
    ...settings.flatMap((setting) => ['-o', setting]),
    '-p',
    String(address.port),
    '-l',
    user,
    address.host,
    // ssh looks for options after the host as well.
    ...(command.length > 0 ? ['--', ...command] : []),
  ];
}

/** What programs of the host are told that log in to a guest themselves; its host key is pinned. */
export function sshAccess(options: SshCommandOptions): SshAccess {
  const { vm, address, user, keyPaths, knownHostsPath } = options;
  return {
    host: address.host,
    port: address.port,
    user,
    identityFiles: keyPaths,
    knownHostsFile: knownHostsPath,
    hostKeyAlias: hostKeyAlias(vm),
    settings: sshSettings(options),
  };
}

/**
 * A block of ssh_config(5) for a VM, without the line end after it. Shared connections are off: one is found by
 * address and port, which belonged to another VM yesterday.
 */
export function sshConfigBlock(aliases: readonly string[], options: SshCommandOptions): string {
  const { address, user } = options;
  const settings = [
    `HostName=${address.host}`,
    `Port=${address.port}`,
    `User=${user}`,
    ...sshSettings(options),
    'ControlPath=none',
  ];
  return [`Host ${aliases.join(' ')}`, ...settings.map((setting) => `  ${setting.replace('=', ' ')}`)].join(
    '\n',
  );
}

function sshSettings({ vm, keyPaths, knownHostsPath, pinned = true }: SshCommandOptions): string[] {
  return [
    `StrictHostKeyChecking=${pinned ? 'yes' : 'accept-new'}`,
    `UserKnownHostsFile=${quoted(knownHostsPath)}`,
    'GlobalKnownHostsFile=none',
    `HostKeyAlias=${hostKeyAlias(vm)}`,
    'CheckHostIP=no',
    // The pinned key is the one that counts: the server's others would be added to the file.
    'UpdateHostKeys=no',
    'HashKnownHosts=no',
    // A forwarded port answers at once even where no SSH server does; ssh would wait for it without end.
    'ConnectTimeout=30',
    ...keyPaths.map((path) => `IdentityFile=${quoted(path)}`),
    // Else every key of an agent would be tried first, and servers allow few attempts.
    ...(keyPaths.length > 0 ? ['IdentitiesOnly=yes'] : []),
  ];
}

/**
 * A path as a value of ssh_config(5): in double quotes, which keep blanks together. `%` and `${` would be expanded;
 * a percent sign can be doubled, for `${` there is no way out.
 */
function quoted(path: string): string {
  return `"${path.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}
