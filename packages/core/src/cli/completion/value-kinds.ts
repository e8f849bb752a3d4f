import type { CommandModel, FlagModel } from './command-model.js';

/** What a word stands for. */
export type ValueKind =
  /** A VM that exists. */
  | 'vm'
  /** A VM of the VMFile. */
  | 'declared-vm'
  /** A step of the VMFile. */
  | 'step'
  /** A forwarded port of the VM before it. */
  | 'forward'
  | 'backend'
  /** An image of the cache. */
  | 'image'
  /** An installed plugin. */
  | 'plugin'
  | 'shell'
  /** What `vmctl help` explains. */
  | 'help-word'
  | 'file'
  | 'directory'
  /** A file of this machine, or a VM with a colon after it. */
  | 'file-or-vm'
  /** Nothing that could be known here. */
  | 'unknown';

/**
 * What the arguments of core's commands are, by the command's id; the last kind holds for all that follow. A test sees to
 * it that every command with arguments is here.
 */
const argumentKinds: Readonly<Record<string, readonly ValueKind[]>> = {
  completion: ['shell'],
  console: ['vm'],
  cp: ['file-or-vm'],
  destroy: ['vm'],
  down: ['declared-vm'],
  events: ['vm'],
  exec: ['vm', 'unknown'],
  fmt: ['file'],
  'forward:add': ['vm', 'unknown'],
  'forward:remove': ['vm', 'forward', 'unknown'],
  help: ['help-word'],
  'image:inspect': ['image'],
  'image:pull': ['unknown'],
  'image:remove': ['image'],
  log: ['vm'],
  plan: ['declared-vm'],
  'plugins:create': ['unknown'],
  'plugins:inspect': ['plugin'],
  'plugins:install': ['file'],
  'plugins:link': ['directory'],
  'plugins:uninstall': ['plugin'],
  'plugins:update': ['plugin'],
  port: ['vm'],
  provision: ['declared-vm'],
  reload: ['declared-vm'],
  restart: ['vm'],
  resume: ['vm'],
  ssh: ['vm', 'unknown'],
  'ssh-config': ['vm'],
  start: ['vm'],
  status: ['vm'],
  stop: ['vm'],
  suspend: ['vm'],
  up: ['declared-vm'],
  wait: ['vm'],
};

/** The values of flags, by name, or by command and name where they differ. */
const flagKinds: Readonly<Record<string, ValueKind>> = {
  backend: 'backend',
  name: 'declared-vm',
  'create name': 'unknown',
  'init name': 'unknown',
  only: 'step',
  from: 'step',
  'exec workdir': 'unknown',
};

/** What the argument at `index` of a command is; undefined when it takes no such argument. */
export function argumentKind(command: CommandModel, index: number): ValueKind | undefined {
  const count = Object.keys(command.args).length;
  if (index >= count && command.strict !== false) return undefined;
  const kinds = argumentKinds[command.id];
  return kinds === undefined ? 'file' : (kinds[index] ?? kinds.at(-1));
}

/** Whether {@link argumentKind} knows the command. */
export function knowsArguments({ id }: CommandModel): boolean {
  return Object.hasOwn(argumentKinds, id);
}

/** What the value of a flag is, where it is none of a list. */
export function flagKind({ id }: CommandModel, { name, helpValue }: FlagModel): ValueKind {
  const known = flagKinds[`${id} ${name}`] ?? flagKinds[name];
  if (known !== undefined) return known;
  if (helpValue === 'PATH' || helpValue === 'FILE') return 'file';
  return helpValue === 'DIR' || helpValue === 'DIRECTORY' ? 'directory' : 'unknown';
}
