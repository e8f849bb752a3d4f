import type { Command } from '@oclif/core';
import type { ExitStatuses } from './base-command.js';
import { JSON_FLAG } from './json-flag.js';

/** A flag of a command. */
export interface FlagDocument {
  readonly name: string;
  /** The one letter that stands for it. */
  readonly char?: string;
  readonly type: 'boolean' | 'option';
  readonly description: string;
  /** The values that there are. */
  readonly options?: readonly string[];
  readonly required: boolean;
  readonly multiple: boolean;
  /** Whether there is a `--no-` form. */
  readonly negatable: boolean;
}

/** `vmctl help COMMAND --json`. */
export interface CommandDocument {
  /** As it is typed, without `vmctl`: `image list`. */
  readonly command: string;
  readonly summary: string;
  readonly description: string;
  readonly aliases: readonly string[];
  readonly args: readonly {
    readonly name: string;
    readonly description: string;
    readonly required: boolean;
  }[];
  readonly flags: readonly FlagDocument[];
  readonly examples: readonly { readonly description: string; readonly command: string }[];
  /** Those that mean something of their own. */
  readonly exitStatuses: readonly { readonly status: string; readonly meaning: string }[];
}

/** What the help of a command says, as data; nothing is loaded for it. */
export function commandDocument(command: Command.Loadable): CommandDocument {
  const { id, summary = '', description = '', aliases, args, flags, examples = [] } = command;
  // A field of ours, which oclif keeps in its manifest.
  const { exitStatuses = [] } = command as { exitStatuses?: ExitStatuses };
  return {
    command: spoken(id),
    summary,
    description,
    aliases: aliases.map(spoken),
    args: Object.values(args)
      .filter(({ hidden }) => hidden !== true)
      .map(({ name, description: text = '', required }) => ({
        name,
        description: text,
        required: required === true,
      })),
    flags: Object.values(flags)
      .filter(({ hidden }) => hidden !== true)
      .map((flag) => flagDocument(flag)),
    examples: examples.map((example) =>
      typeof example === 'string'
        ? { description: '', command: rendered(example) }
        : { description: example.description, command: rendered(example.command) },
    ),
    exitStatuses: exitStatuses.map(([status, meaning]) => ({ status, meaning })),
  };
}

function flagDocument(flag: Command.Flag.Cached): FlagDocument {
  const { name, char, description = '', required } = flag;
  return {
    name,
    ...(char === undefined ? {} : { char }),
    type: flag.type,
    description: name === 'json' ? JSON_FLAG : description,
    ...(flag.type === 'option' && flag.options !== undefined ? { options: flag.options } : {}),
    required: required === true,
    multiple: flag.type === 'option' && flag.multiple === true,
    negatable: flag.type === 'boolean' && flag.allowNo,
  };
}

function spoken(id: string): string {
  return id.replaceAll(':', ' ');
}

function rendered(text: string): string {
  return text.replaceAll('<%= config.bin %>', 'vmctl');
}
