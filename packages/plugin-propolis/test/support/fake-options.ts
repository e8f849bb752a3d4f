import { FakeFailure } from './fake-state.js';

/** Arguments as getopt reads them. */
export interface Options {
  /** Values by letter; those of a flag are empty. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

/**
 * Reads arguments as getopt(3C) of illumos does: flags can be joined, options end at the first operand, an unknown one
 * is an error of usage.
 *
 * @param flags - letters; one that takes a value is followed by a colon
 */
export function getopt(tool: string, args: readonly string[], flags: string, usageExit = 2): Options {
  const values = new Map<string, string[]>();
  let index = 0;
  for (; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    if (!argument.startsWith('-') || argument === '-') break;
    for (let at = 1; at < argument.length; at += 1) {
      const letter = argument.charAt(at);
      const known = flags.indexOf(letter);
      if (known < 0 || letter === ':') {
        throw new FakeFailure(`${tool}: invalid option '${letter}'\nusage: …`, usageExit);
      }
      const list = values.get(letter) ?? [];
      values.set(letter, list);
      if (flags.charAt(known + 1) !== ':') {
        list.push('');
        continue;
      }
      const value = argument.slice(at + 1) || args[(index += 1)];
      if (value === undefined) {
        throw new FakeFailure(`${tool}: missing argument for '${letter}' option\nusage: …`, usageExit);
      }
      list.push(value);
      break;
    }
  }
  return { values, operands: args.slice(index) };
}

/** Exactly so many operands. */
export function operands(tool: string, { operands: given }: Options, count: number, usageExit = 2): string[] {
  if (given.length === count) return [...given];
  const why = given.length < count ? 'missing argument' : 'too many arguments';
  throw new FakeFailure(`${tool}: ${why}\nusage: …`, usageExit);
}
