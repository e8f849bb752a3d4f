import { nearest } from '../errors/nearest.js';
import { isVmctlError, VmctlError } from '../errors/vmctl-error.js';

/** What is known of a flag; both a command and the manifest have it. */
interface FlagShape {
  readonly char?: string | undefined;
  readonly type?: string | undefined;
  readonly allowNo?: boolean | undefined;
  readonly hidden?: boolean | undefined;
  /** Of a flag with a number. */
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** The command that was called with words that it does not take. */
export interface CalledCommand {
  /** As it is typed, without `vmctl`: `image list`. */
  readonly name: string;
  readonly flags: Readonly<Record<string, FlagShape>>;
  /** The names of its arguments, in their order. */
  readonly args: readonly string[];
}

/** What an error of oclif's parser has, beyond its message. */
interface ParseFailure {
  readonly flags?: readonly string[];
  readonly args?: readonly (string | { readonly name: string; readonly description?: string })[];
}

/**
 * What oclif says of bad flags and arguments, in our words; undefined for errors that are none of its parser.
 *
 * oclif tells most of them apart by text alone. One that is not known here keeps oclif's words.
 */
export function usageError(error: Error, command: CalledCommand): VmctlError | undefined {
  const message = withoutPointer(error.message);
  const ofFlag = /^Parsing --(\S+) \n\t([^]*)$/.exec(message);
  if (ofFlag !== null) return badValue(error, ofFlag[1] ?? '', ofFlag[2] ?? '', command);
  // By shape: a plugin may bring an oclif of its own.
  if (isVmctlError(error) || !('oclif' in error)) return undefined;
  const { said, hint } = explain(error.constructor.name, error as ParseFailure, message, command) ?? {};
  if (said === undefined) return undefined;
  return new VmctlError('VMCTL_USAGE', {
    message: said,
    hint: hint === undefined ? seeHelp(command) : `${hint} More: ${helpOf(command)}`,
    cause: error,
  });
}

interface Explanation {
  readonly said: string;
  readonly hint?: string | undefined;
}

function explain(
  kind: string,
  { flags = [], args = [] }: ParseFailure,
  message: string,
  command: CalledCommand,
): Explanation | undefined {
  switch (kind) {
    case 'NonExistentFlagsError':
      return unknownFlags(flags, command);
    case 'UnexpectedArgsError':
      return tooMany(args.map(String), command);
    case 'RequiredArgsError':
      return missing(
        args.flatMap((arg) => (typeof arg === 'string' ? [] : [arg.name])),
        command,
      );
    case 'FailedFlagValidationError':
    case 'ViolatedFlagConstraintError':
      return { said: violated(message, command) };
    case 'FlagInvalidOptionError':
    case 'ArgInvalidOptionError':
      return notOneOf(message, command);
    case 'CLIParseError':
    case 'InvalidArgsSpecError':
      return { said: message };
    default:
      return aboutOneFlag(message, command);
  }
}

function unknownFlags(flags: readonly string[], command: CalledCommand): Explanation {
  const known = flagWords(command);
  const [first = ''] = flags;
  const [, name = first] = /^([^=]+)=/.exec(first) ?? [];
  const near = name.startsWith('--') ? nearest(name, known) : undefined;
  const said = `\`vmctl ${command.name}\` has no flag ${flags.map((flag) => `\`${flag}\``).join(', ')}.`;
  return { said, hint: near === undefined ? undefined : `Did you mean \`${near}\`?` };
}

function tooMany(words: readonly string[], command: CalledCommand): Explanation {
  const extra = words.map((word) => `\`${word}\``).join(', ');
  const { args } = command;
  if (args.length === 0) return { said: `\`vmctl ${command.name}\` takes no arguments, and got ${extra}.` };
  const taken = args.map((name) => name.toUpperCase()).join(' ');
  return { said: `\`vmctl ${command.name}\` takes ${taken} and nothing more, and got ${extra} as well.` };
}

function missing(names: readonly string[], command: CalledCommand): Explanation {
  return {
    said: `\`vmctl ${command.name}\` needs ${names.map((name) => name.toUpperCase()).join(' and ')}.`,
  };
}

/** Flags that are missing, or do not go together. */
function violated(message: string, command: CalledCommand): string {
  const reasons = message
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((reason) => constraint(reason));
  return `\`vmctl ${command.name}\`: ${[...new Set(reasons)].toSorted().join('; ')}.`;
}

const constraints: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [/^Missing required flag (.*)$/, (name) => `\`--${name}\` is missing`],
  [
    /^--(\S+?)(?:=[^]*)? cannot also be provided when using --(\S+)$/,
    (a, b) =>
      `${[a, b]
        .toSorted()
        .map((name) => `\`--${name}\``)
        .join(' and ')} do not go together`,
  ],
  [
    /^All of the following must be provided when using --(\S+): (.*)$/,
    (name, others) => `\`--${name}\` needs ${quoted(others, ' and ')}`,
  ],
  [
    /^One of the following must be provided when using --(\S+): (.*)$/,
    (name, others) => `\`--${name}\` needs ${quoted(others, ' or ')}`,
  ],
  [
    /^(?:Exactly|At least) one of the following must be provided: (.*)$/,
    (names) => `${quoted(names, ' or ')} is missing`,
  ],
];

function constraint(reason: string): string {
  for (const [pattern, said] of constraints) {
    const found = pattern.exec(reason);
    if (found !== null) return said(...found.slice(1).map((text) => text ?? ''));
  }
  return reason;
}

function notOneOf(message: string, command: CalledCommand): Explanation {
  const [, flag, given = '', list = ''] =
    /^Expected (?:(--[^=]+)=)?([^]*) to be one of: (.*)$/.exec(message) ?? [];
  if (list === '') return { said: message };
  const near = nearest(given, list.split(', '));
  return {
    said: `\`vmctl ${command.name}\`: ${flag === undefined ? 'an argument' : `\`${flag}\``} is one of ${list}, not \`${given}\`.`,
    hint: near === undefined ? undefined : `Did you mean \`${near}\`?`,
  };
}

/** What oclif says as a plain error, before it has looked at all words. */
function aboutOneFlag(message: string, command: CalledCommand): Explanation | undefined {
  const [, name = '', what = ''] = /^Flag --(\S+) (expects|can only be) /.exec(message) ?? [];
  if (what === '') return undefined;
  const flag = `\`vmctl ${command.name}\`: \`--${name}\``;
  if (what === 'can only be') return { said: `${flag} is given twice.` };
  const [, list] = /one of these values: (.*)$/.exec(message) ?? [];
  return { said: `${flag} needs a value${list === undefined ? '' : `: one of ${list}`}.` };
}

/** A value that the flag's own reading refused; oclif puts its words around ours. */
function badValue(error: Error, name: string, why: string, command: CalledCommand): VmctlError {
  const where = `\`vmctl ${command.name}\`: \`--${name}\``;
  if (isVmctlError(error)) {
    return new VmctlError(error.code, { message: `${where}: ${why}`, hint: error.hint, cause: error.cause });
  }
  const [, given = ''] = /^Expected an integer.* but received: ([^]*)$/.exec(why) ?? [];
  const { min, max } = command.flags[name] ?? {};
  const range = [
    ...(min === undefined ? [] : [`, ${min} or more`]),
    ...(max === undefined ? [] : [`, ${max} or less`]),
  ].join('');
  return new VmctlError('VMCTL_USAGE', {
    message: given === '' ? `${where}: ${why}` : `${where} is a whole number${range}, not \`${given}\`.`,
    hint: seeHelp(command),
    cause: error,
  });
}

/** Every flag as it can be typed. */
function flagWords({ flags }: CalledCommand): string[] {
  return Object.entries(flags).flatMap(([name, { type, allowNo, hidden }]) => {
    if (hidden === true) return [];
    return type === 'boolean' && allowNo === true ? [`--${name}`, `--no-${name}`] : [`--${name}`];
  });
}

function quoted(list: string, between: string): string {
  return list
    .split(', ')
    .map((flag) => `\`${flag}\``)
    .join(between);
}

function withoutPointer(message: string): string {
  return message.replace(/\nSee more help with --help$/, '').trimEnd();
}

function seeHelp(command: CalledCommand): string {
  return helpOf(command);
}

function helpOf({ name }: CalledCommand): string {
  return `vmctl ${name} --help`;
}
