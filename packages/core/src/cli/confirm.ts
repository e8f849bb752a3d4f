import { createInterface } from 'node:readline/promises';
import { VmctlError } from '../errors/vmctl-error.js';

/**
 * Asks before something is destroyed.
 *
 * @throws VMCTL_CONFIRMATION_NEEDED on a "no", and when there is nobody to ask
 */
export async function confirm(options: {
  readonly question: string;
  /** Do not ask. */
  readonly yes: boolean;
  readonly json: boolean;
}): Promise<void> {
  if (options.yes) return;
  if (options.json || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new VmctlError('VMCTL_CONFIRMATION_NEEDED', {
      message: `${options.question} There is no terminal to ask on.`,
      hint: 'Add --yes.',
    });
  }
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await reader.question(`${options.question} [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    process.stderr.write('\n'); // Ctrl-C and Ctrl-D mean no
  } finally {
    reader.close();
  }
  throw new VmctlError('VMCTL_CONFIRMATION_NEEDED', { message: 'Nothing was done.' });
}
