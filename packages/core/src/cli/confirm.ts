import { createInterface } from 'node:readline/promises';
import { VmctlError } from '../errors/vmctl-error.js';

/** Whether there is somebody to ask. */
export function isTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks for a yes or a no on the terminal. Ctrl-C and Ctrl-D mean no. */
export async function ask(question: string, options: { readonly default: boolean }): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = (await reader.question(`${question} [${options.default ? 'Y/n' : 'y/N'}] `)).trim();
    return answer === '' ? options.default : /^y(es)?$/i.test(answer);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    process.stderr.write('\n');
    return false;
  } finally {
    reader.close();
  }
}

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
  /** What `--json` adds to the error. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}): Promise<void> {
  if (options.yes) return;
  if (options.json || !isTerminal()) {
    throw new VmctlError('VMCTL_CONFIRMATION_NEEDED', {
      message: `${options.question} There is no terminal to ask on.`,
      hint: 'Add --yes.',
      details: options.details,
    });
  }
  if (await ask(options.question, { default: false })) return;
  throw new VmctlError('VMCTL_CONFIRMATION_NEEDED', { message: 'Nothing was done.' });
}

/**
 * Asks on a terminal before VMs of a VMFile lose their disks. Unlike {@link confirm} it lets a script go on: the command
 * is one that scripts have always called without `--yes`.
 *
 * @throws VMCTL_CONFIRMATION_NEEDED on a "no"
 */
export async function confirmLoss(options: {
  /** Whether the VMs are brought up anew when they have been destroyed. Default false. */
  readonly anew?: boolean | undefined;
  readonly yes: boolean;
  readonly json: boolean;
  /** The VMs that have a disk to lose. Only called when there is somebody to ask. */
  readonly existing: () => Promise<readonly string[]>;
}): Promise<void> {
  const { anew = false, yes, json } = options;
  if (yes || json || !isTerminal()) return;
  const names = await options.existing();
  if (names.length === 0) return;
  const next = anew ? `, and bring ${names.length === 1 ? 'it' : 'them'} up anew` : '';
  await confirm({ question: `Destroy ${vmsWithDisks(names)}${next}?`, yes, json });
}

/** `web with its disk` */
function vmsWithDisks(names: readonly string[]): string {
  return `${names.join(', ')} with ${names.length === 1 ? 'its disk' : 'all disks'}`;
}
