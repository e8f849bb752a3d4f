import { VmctlError } from '../errors/vmctl-error.js';

/** For a command that takes several names and was given none, which oclif would let pass. */
export function missingArgument(question: string, example: string): VmctlError {
  return new VmctlError('VMCTL_USAGE', { message: `${question} None was named.`, hint: example });
}
