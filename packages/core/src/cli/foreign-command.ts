import type { Config } from '@oclif/core';
import { isVmctlError, VmctlError } from '../errors/vmctl-error.js';
import { usageError } from './usage-error.js';

/**
 * The error of a command that a plugin brings and that is none of vmctl's own kind, as vmctl shows errors. The exit
 * status stays the one that the command asked for.
 */
export function foreignCommandError(error: Error, args: readonly string[], config: Config): Error {
  if (isVmctlError(error)) return error;
  const command = commandOf(args, config);
  if (command === undefined || command.pluginName === config.pjson.name) return error;
  const name = command.id.replaceAll(':', ' ');
  const usage = usageError(error, { name, flags: command.flags, args: Object.keys(command.args) });
  if (usage !== undefined) return usage;
  const { code, exit, suggestions = [] } = readError(error);
  const isMeant = exit !== undefined;
  return Object.assign(
    new VmctlError(code ?? (isMeant ? 'VMCTL_COMMAND_FAILED' : 'VMCTL_PLUGIN_FAILED'), {
      message: isMeant
        ? error.message
        : `The command \`vmctl ${name}\` of the plugin ${command.pluginName} failed: ${error.message}`,
      hint: suggestions.length === 0 ? undefined : suggestions.join('\n'),
      cause: error,
    }),
    exit === undefined ? {} : { exitCode: exit },
  );
}

/** The command that the words begin with; the longest that there is. */
function commandOf(args: readonly string[], config: Config) {
  const end = args.findIndex((word) => word.startsWith('-'));
  const words = args.slice(0, end === -1 ? args.length : end);
  for (let count = words.length; count > 0; count--) {
    const command = config.findCommand(words.slice(0, count).join(':'));
    if (command !== undefined) return command;
  }
  return undefined;
}

/** oclif's fields of an error, from whichever copy of oclif it comes. */
function readError(error: Error) {
  const { code, oclif, suggestions } = error as {
    code?: unknown;
    oclif?: { exit?: unknown };
    suggestions?: unknown;
  };
  return {
    code: typeof code === 'string' && code !== '' ? code : undefined,
    exit: typeof oclif?.exit === 'number' ? oclif.exit : undefined,
    suggestions: Array.isArray(suggestions)
      ? suggestions.filter((text): text is string => typeof text === 'string')
      : undefined,
  };
}
