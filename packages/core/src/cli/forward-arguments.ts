import { VmctlError } from '../errors/vmctl-error.js';

/**
 * `[NAME] FORWARD`: the last word is the forward, and the name may be left out.
 *
 * @throws VMCTL_USAGE
 */
export function nameAndForward(
  argv: readonly unknown[],
  example: string,
): { readonly name: string | undefined; readonly forward: string } {
  const words = argv.map(String);
  const forward = words.at(-1);
  if (forward !== undefined && words.length <= 2) {
    return { name: words.length === 2 ? words[0] : undefined, forward };
  }
  throw new VmctlError('VMCTL_USAGE', {
    message: 'The command needs the name of a VM and a forward.',
    hint: `For example: ${example}`,
  });
}
