import type { SshAccess } from '@vmctl/core/plugin';

/** The inventory of one guest, as JSON, which Ansible reads as YAML. */
export function inventoryOf(guest: {
  readonly name: string;
  readonly ssh: SshAccess;
  readonly groups: readonly string[];
  /** Absolute. */
  readonly sshConfigPath: string;
}): string {
  const { name, ssh, groups, sshConfigPath } = guest;
  const inventory = {
    all: {
      hosts: {
        [name]: {
          ansible_connection: 'ssh',
          ansible_host: ssh.host,
          ansible_port: ssh.port,
          ansible_user: ssh.user,
          ansible_ssh_common_args: `-F ${shellQuoted(sshConfigPath)}`,
          // Finds python3 as always, without a warning on each run.
          ansible_python_interpreter: 'auto_silent',
        },
      },
      children: Object.fromEntries(groups.map((group) => [group, { hosts: { [name]: {} } }])),
    },
  };
  return `${JSON.stringify(inventory, undefined, 2)}\n`;
}

/**
 * An ssh_config(5) for this guest alone: its key, its pinned host key, nothing of the user's own configuration, and
 * never a question.
 */
export function sshConfigOf(ssh: SshAccess): string {
  return ['Host *', ...ssh.settings, 'BatchMode=yes', ''].join('\n');
}

/** Ansible splits the arguments for ssh as a shell would. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
