import { nearest } from '../errors/nearest.js';
import { shellWord } from '../errors/shell-word.js';
import { hasCode, isVmctlError, VmctlError } from '../errors/vmctl-error.js';

/** A command for the guest that could not be read, or whose VM is not there. */
interface GuestCommandCall {
  /** `ssh` or `exec`. */
  readonly verb: string;
  /** The words after it, as they were typed. */
  readonly words: readonly string[];
  /** Knows the VMs of the VMFile. */
  readonly vmctl: { vmNames(): Promise<readonly string[]> };
}

/**
 * The error to show for words that could not be read. In `vmctl ssh uname -r` the program stands where the name of the
 * VM belongs, and its flag is taken for one of vmctl's; when the VMFile has one VM alone, that one was meant.
 */
export async function omittedName(error: unknown, call: GuestCommandCall): Promise<unknown> {
  const flags = unknownFlags(error);
  const { verb, words, vmctl } = call;
  const name = flags === undefined ? undefined : await onlyName(vmctl);
  const [first = '-'] = words;
  if (flags === undefined || name === undefined) return error;
  if (first.startsWith('-') || first === name || words.includes('--')) return error;
  return new VmctlError('VMCTL_USAGE', {
    message: `\`vmctl ${verb}\` has no flag ${flags.map((flag) => `\`${flag}\``).join(', ')}, and takes \`${first}\` for the name of a VM.`,
    hint: `To run \`${first}\` in ${name}: vmctl ${verb} ${name} ${words.map(shellWord).join(' ')}`,
    cause: error,
  });
}

/**
 * The error to show for a VM that is not there. In `vmctl ssh ls` a program may stand where the name of the VM belongs: when
 * the VMFile has one VM alone, and one of another name, it is said how to run it there.
 *
 * @param given - the name
 */
export async function unknownName(error: unknown, given: string, call: GuestCommandCall): Promise<unknown> {
  if (!isVmctlError(error) || !hasCode(error, 'VMCTL_VM_UNKNOWN')) return error;
  const { verb, words, vmctl } = call;
  const name = await onlyName(vmctl);
  // What is nearly its name is the name.
  if (name === undefined || nearest(given, [name]) !== undefined) return error;
  const separator = words.indexOf('--');
  const before = separator === -1 ? words : words.slice(0, separator);
  const place = before.lastIndexOf(given);
  const flags = before.filter((_, index) => index !== place);
  const command = [given, ...(separator === -1 ? [] : words.slice(separator + 1))];
  const line = ['vmctl', verb, name, ...flags, '--', ...command].map(shellWord).join(' ');
  const { message, hint = '', details } = error;
  return new VmctlError('VMCTL_VM_UNKNOWN', {
    message,
    hint: `${hint} To run \`${given}\` in ${name}: ${line}`.trim(),
    details,
    cause: error,
  });
}

/** The only VM of the VMFile; undefined also where there is no VMFile that can be read. */
async function onlyName(vmctl: GuestCommandCall['vmctl']): Promise<string | undefined> {
  const [name, ...others] = await vmctl.vmNames().catch(() => []);
  return others.length > 0 ? undefined : name;
}

/** The flags that oclif's parser does not know; undefined for any other error. By shape: its classes are loaded late. */
function unknownFlags(error: unknown): readonly string[] | undefined {
  if (!(error instanceof Error) || error.constructor.name !== 'NonExistentFlagsError') return undefined;
  const { flags } = error as { readonly flags?: readonly string[] };
  return flags;
}
