import { nearest } from '../errors/nearest.js';
import { shellWord } from '../errors/shell-word.js';
import { VmctlError } from '../errors/vmctl-error.js';

/** What there is to choose from; oclif's `Config` is one. Ids have colons: `image:list`. */
export interface KnownCommands {
  readonly commands: readonly {
    readonly id: string;
    readonly hidden?: boolean | undefined;
    readonly aliases: readonly string[];
    readonly flags: Readonly<Record<string, unknown>>;
    readonly args: Readonly<Record<string, unknown>>;
    readonly strict?: boolean | undefined;
  }[];
  readonly topics: readonly { readonly name: string; readonly hidden?: boolean | undefined }[];
}

/** What the commands are called elsewhere. */
const otherWords: Readonly<Record<string, string>> = {
  apply: 'up',
  attach: 'console',
  copy: 'cp',
  delete: 'destroy',
  diff: 'plan',
  enter: 'ssh',
  format: 'fmt',
  'forward list': 'port',
  'forward ls': 'port',
  'forward rm': 'forward remove',
  halt: 'stop',
  'image delete': 'image remove',
  images: 'image list',
  info: 'status',
  inspect: 'status',
  kill: 'stop',
  launch: 'create',
  login: 'ssh',
  ls: 'list',
  pause: 'suspend',
  'plugins rm': 'plugins uninstall',
  poweroff: 'stop',
  ps: 'list',
  pull: 'image pull',
  reboot: 'restart',
  remove: 'destroy',
  rm: 'destroy',
  run: 'exec',
  scp: 'cp',
  shell: 'ssh',
  show: 'status',
  shutdown: 'stop',
  unpause: 'resume',
};

/**
 * The error for words that are no command.
 *
 * @param words - the words of the command, up to the first flag
 * @param rest - what came after them
 */
export function unknownCommand(
  words: readonly string[],
  rest: readonly string[],
  known: KnownCommands,
): VmctlError {
  const [first = ''] = words;
  if (first.startsWith('-')) return flagBefore(first);
  const resolved = resolve(words, known);
  const { path, left } = resolved;
  const command = known.commands.find(({ id }) => id === path.join(':'));
  if (left.length > 0 && resolved.isExact && command !== undefined && childrenOf(path, known).length === 0) {
    return tooManyWords(path, left, command.flags);
  }
  const wrong = path.findIndex((word, index) => word !== words[index]);
  const typed = words.slice(0, (wrong === -1 ? path.length : wrong) + 1).join(' ');
  const takesWords =
    command !== undefined && (command.strict === false || Object.keys(command.args).length > 0);
  const suggestion = suggest(resolved, takesWords ? [...left, ...rest] : []);
  const list = path.length > 0 ? `vmctl ${path.join(' ')} --help` : 'vmctl help';
  return new VmctlError('VMCTL_USAGE', {
    message: `There is no command \`vmctl ${typed}\`.`,
    hint: suggestion === undefined ? `See which there are: ${list}` : `Did you mean \`${suggestion}\`?`,
    details: suggestion === undefined ? undefined : { suggestion },
  });
}

interface Resolved {
  /** The words that are known, or near to such. */
  readonly path: readonly string[];
  /** Those after them. */
  readonly left: readonly string[];
  /** Whether every word of the path was typed so. */
  readonly isExact: boolean;
}

/** Follows the words down the tree of commands, by the nearest one where there is none of that name. */
function resolve(words: readonly string[], known: KnownCommands): Resolved {
  for (const count of [2, 1]) {
    const typed = words.slice(0, count);
    const other = otherWords[typed.join(' ')];
    if (other !== undefined && !childrenOf(typed.slice(0, -1), known).includes(typed.at(-1) ?? '')) {
      return { path: other.split(' '), left: words.slice(count), isExact: false };
    }
  }
  const path: string[] = [];
  let isExact = true;
  for (const [index, word] of words.entries()) {
    const children = childrenOf(path, known);
    const next = children.includes(word) ? word : nearest(word, children);
    if (next === undefined) return { path, left: words.slice(index), isExact };
    isExact &&= next === word;
    path.push(next);
  }
  return { path, left: [], isExact };
}

/** Undefined when nothing near was found. */
function suggest({ path, isExact }: Resolved, rest: readonly string[]): string | undefined {
  if (isExact || path.length === 0) return undefined;
  return ['vmctl', ...path, ...rest.map(shellWord)].join(' ');
}

/** The words that may follow, sorted; without what is hidden. */
function childrenOf(path: readonly string[], { commands, topics }: KnownCommands): string[] {
  const ids = [
    ...commands.filter(({ hidden }) => hidden !== true).flatMap(({ id, aliases }) => [id, ...aliases]),
    ...topics.filter(({ hidden }) => hidden !== true).map(({ name }) => name),
  ];
  const below = ids
    .map((id) => id.split(':'))
    .filter((parts) => parts.length > path.length && path.every((word, index) => parts[index] === word));
  return [...new Set(below.flatMap((parts) => parts[path.length] ?? []))].toSorted();
}

function flagBefore(flag: string): VmctlError {
  return new VmctlError('VMCTL_USAGE', {
    message: `\`${flag}\` stands where a command has to be.`,
    hint: `Flags come after the command: vmctl COMMAND ${flag}. \`vmctl help\` shows the commands.`,
  });
}

function tooManyWords(
  path: readonly string[],
  left: readonly string[],
  flags: Readonly<Record<string, unknown>>,
): VmctlError {
  const command = `vmctl ${path.join(' ')}`;
  const named = Object.hasOwn(flags, 'name')
    ? `Name a VM with --name: ${command} ${left.map((word) => `--name ${shellWord(word)}`).join(' ')}`
    : `${command} --help`;
  return new VmctlError('VMCTL_USAGE', {
    message: `\`${command}\` takes no arguments, and got ${left.map((word) => `\`${word}\``).join(', ')}.`,
    hint: named,
  });
}
