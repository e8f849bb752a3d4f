import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ProvisionInput } from '@vmctl/core/plugin';
import type { AnsibleConfig } from './config.js';

/** What Ansible looks for beside a playbook. */
const BESIDE_PLAYBOOK = [
  'roles',
  'group_vars',
  'host_vars',
  'vars',
  'tasks',
  'handlers',
  'templates',
  'files',
  'library',
  'filter_plugins',
];

type Environment = Readonly<Record<string, string | undefined>>;

/** The files and values that decide what a run does, for `run="changed"`. */
export async function inputsOf(
  config: AnsibleConfig,
  baseDir: string,
  env: Environment,
): Promise<readonly ProvisionInput[]> {
  const { playbook, rolesPath, secretVars, vaultPasswordFile } = config;
  const ansibleCfg = await ansibleCfgOf(config, baseDir, env);
  const candidates = [
    ...BESIDE_PLAYBOOK.map((name) => join(dirname(playbook), name)),
    ...[rolesPath, vaultPasswordFile, ansibleCfg].filter((path) => path !== undefined),
  ];
  const there = await Promise.all(candidates.map(exists));
  const files = [playbook, ...new Set(candidates.filter((_, index) => there[index]))];
  return [
    ...files.map((path): ProvisionInput => ({ kind: 'file', path })),
    ...Object.entries(secretVars).map(([name, variable]): ProvisionInput => ({
      kind: 'value',
      name: `secret ${name}`,
      value: createHash('sha256')
        .update(env[variable] ?? '')
        .digest('hex'),
    })),
  ];
}

/** The ansible.cfg to use: Ansible itself passes over one in a directory that others may write to. */
export async function ansibleCfgOf(
  { configFile }: AnsibleConfig,
  baseDir: string,
  env: Environment,
): Promise<string | undefined> {
  const named = configFile ?? env['ANSIBLE_CONFIG'];
  if (named !== undefined && named !== '') return named;
  const own = join(baseDir, 'ansible.cfg');
  return (await exists(own)) ? own : undefined;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
