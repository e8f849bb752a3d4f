import { statSync } from 'node:fs';
import type { VmFileNode } from '@vmctl/core/plugin';

/** A `provision "ansible"` node. Paths are absolute. */
export interface AnsibleConfig {
  readonly playbook: string;
  /** Groups of the inventory that the guest is in, for plays with `hosts: web`. */
  readonly groups: readonly string[];
  readonly extraVars: Readonly<Record<string, string>>;
  /** By the name of the variable: the variable of vmctl's environment that has its value. */
  readonly secretVars: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  /** Undefined: as the playbook says. */
  readonly become: boolean | undefined;
  /** The ansible.cfg; undefined: `$ANSIBLE_CONFIG`, then that of the VMFile's directory. */
  readonly configFile: string | undefined;
  readonly rolesPath: string | undefined;
  readonly vaultPasswordFile: string | undefined;
  /** How many `-v`, 0 to 4. */
  readonly verbosity: number;
}

type Wanted = 'file' | 'directory';

/** Reads the node; problems are recorded on it. */
export function decodeAnsible(node: VmFileNode): AnsibleConfig {
  const playbook = node.path('playbook', { required: true, check: mustBe('file') }) ?? '';
  const extraVars = node.map('extra-vars') ?? {};
  const secretVars = node.map('secret-vars') ?? {};
  checkNames(node, 'extra-vars', Object.keys(extraVars), /^[A-Za-z_][A-Za-z0-9_]*$/);
  checkNames(node, 'secret-vars', Object.keys(secretVars), /^[A-Za-z_][A-Za-z0-9_]*$/);
  for (const name of Object.keys(secretVars).filter((each) => Object.hasOwn(extraVars, each))) {
    node.child('secret-vars')?.child(name)?.problem(`"${name}" is in "extra-vars" too`, {
      hint: 'Keep it in one of them.',
    });
  }
  const groups = node.strings('groups') ?? [];
  const wrong = groups.findIndex((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === 'all');
  if (wrong >= 0) {
    node.child('groups')?.problem(`"${groups[wrong]}" cannot be the name of a group`, {
      at: { kind: 'argument', index: wrong },
      hint: 'A name has letters, digits and underscores, and does not begin with a digit; every guest is in "all".',
    });
  }
  return {
    playbook,
    groups,
    extraVars,
    secretVars,
    tags: node.strings('tags') ?? [],
    skipTags: node.strings('skip-tags') ?? [],
    become: node.boolean('become'),
    configFile: node.path('config', { check: mustBe('file') }),
    rolesPath: node.path('roles-path', { check: mustBe('directory') }),
    vaultPasswordFile: node.path('vault-password-file', { check: mustBe('file') }),
    verbosity:
      node.integer('verbosity', {
        check: (value) => (value >= 0 && value <= 4 ? undefined : 'must be between 0 and 4'),
      }) ?? 0,
  };
}

function checkNames(node: VmFileNode, setting: string, names: readonly string[], pattern: RegExp): void {
  for (const name of names.filter((each) => !pattern.test(each))) {
    node.child(setting)?.child(name)?.problem(`"${name}" cannot be the name of a variable of Ansible`, {
      hint: 'A name has letters, digits and underscores, and does not begin with a digit.',
    });
  }
}

/** Before any VM is started: a playbook that is not there would be noticed minutes later. */
function mustBe(wanted: Wanted): (path: string) => string | undefined {
  return (path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return `names what does not exist: ${path}`;
    const fits = wanted === 'file' ? stats.isFile() : stats.isDirectory();
    return fits ? undefined : `must name a ${wanted}: ${path}`;
  };
}
