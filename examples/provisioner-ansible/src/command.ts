import type { AnsibleConfig } from './config.js';

/** Files and directories that a run of Ansible is given. Absolute. */
export interface RunFiles {
  readonly inventory: string;
  readonly variables: string;
  readonly localTemporary: string;
  /** Short enough for sockets. */
  readonly controlSockets: string;
}

/** Arguments for `ansible-playbook`. */
export function playbookArguments(config: AnsibleConfig, files: RunFiles, vm: string): string[] {
  const { tags, skipTags, become, vaultPasswordFile, verbosity, playbook } = config;
  return [
    `--inventory=${files.inventory}`,
    `--limit=${vm}`,
    // In a file: everybody on this machine can read the arguments of a process.
    `--extra-vars=@${files.variables}`,
    ...(tags.length > 0 ? [`--tags=${tags.join(',')}`] : []),
    ...(skipTags.length > 0 ? [`--skip-tags=${skipTags.join(',')}`] : []),
    ...(become === true ? ['--become'] : []),
    ...(vaultPasswordFile === undefined ? [] : [`--vault-password-file=${vaultPasswordFile}`]),
    ...(verbosity > 0 ? [`-${'v'.repeat(verbosity)}`] : []),
    '--',
    playbook,
  ];
}

/** Settings of Ansible that go before those of an ansible.cfg. */
export function playbookEnvironment(
  config: AnsibleConfig,
  files: RunFiles,
  ansibleCfg: string | undefined,
): Readonly<Record<string, string>> {
  return {
    ...(ansibleCfg === undefined ? {} : { ANSIBLE_CONFIG: ansibleCfg }),
    ...(config.rolesPath === undefined ? {} : { ANSIBLE_ROLES_PATH: config.rolesPath }),
    // The host key is pinned; an ansible.cfg that was written for machines without must not turn the check off.
    ANSIBLE_HOST_KEY_CHECKING: 'True',
    ANSIBLE_SSH_ARGS: '-o StrictHostKeyChecking=yes -o ControlMaster=auto -o ControlPersist=60s',
    ANSIBLE_SSH_CONTROL_PATH_DIR: files.controlSockets,
    ANSIBLE_LOCAL_TEMP: files.localTemporary,
    ANSIBLE_RETRY_FILES_ENABLED: 'False',
    ANSIBLE_FORCE_COLOR: 'False',
    ANSIBLE_NOCOLOR: 'True',
    ANSIBLE_NOCOWS: 'True',
    // Ansible refuses other encodings, and Python holds lines back unless it writes to a terminal.
    LC_ALL: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
  };
}
