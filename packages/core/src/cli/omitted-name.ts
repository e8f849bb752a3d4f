import { shellWord } from '../errors/shell-word.js';
import { VmctlError } from '../errors/vmctl-error.js';

/** A command for the guest that could not be read. */
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
  // Where there is no VMFile that can be read, nothing is known of names.
  const [name, ...others] = flags === undefined ? [] : await vmctl.vmNames().catch(() => []);
  const [first = '-'] = words;
  if (flags === undefined || name === undefined || others.length > 0) return error;
  if (first.startsWith('-') || first === name || words.includes('--')) return error;
  return new VmctlError('VMCTL_USAGE', {
    message: `\`vmctl ${verb}\` has no flag ${flags.map((flag) => `\`${flag}\``).join(', ')}, and takes \`${first}\` for the name of a VM.`,
    hint: `To run \`${first}\` in ${name}: vmctl ${verb} ${name} ${words.map(shellWord).join(' ')}`,
    cause: error,
  });
}

/** The flags that oclif's parser does not know; undefined for any other error. By shape: its classes are loaded late. */
function unknownFlags(error: unknown): readonly string[] | undefined {
  if (!(error instanceof Error) || error.constructor.name !== 'NonExistentFlagsError') return undefined;
  const { flags } = error as { readonly flags?: readonly string[] };
  return flags;
}
