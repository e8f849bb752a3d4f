import { basename } from 'node:path';
import type { ExecResult, ProvisionContext } from '@vmctl/core/plugin';
import type { AnsibleConfig } from './config.js';

/** What an exit code of ansible-playbook means (its `TaskQueueManager` and `CLI` classes). */
const MEANINGS: Readonly<Record<number, { readonly what: string; readonly hint?: string }>> = {
  1: { what: 'could not run the playbook', hint: 'Its message is in the output above.' },
  2: { what: 'ended with a task that failed', hint: 'Look for "fatal:" or "failed:" in the output above.' },
  4: {
    what: 'could not read the playbook, or lost the connection to the guest',
    hint: 'The output above says which. Does the guest have Python 3? Ansible needs it there.',
  },
  5: { what: 'did not understand a setting', hint: 'Its message is in the output above.' },
  8: { what: 'ended with a play that was broken off', hint: 'Look for "fatal:" in the output above.' },
  250: { what: 'met an error of its own', hint: 'Set verbosity 3 to see where.' },
};

/** The error of a run that did not succeed; undefined when it did. */
export function failureOf(
  config: AnsibleConfig,
  result: ExecResult,
  ctx: ProvisionContext,
): Error | undefined {
  const { exitCode, stdout } = result;
  const command = `ansible-playbook ${basename(config.playbook)}`;
  if (exitCode !== 0) {
    const { what, hint } = MEANINGS[exitCode] ?? { what: 'failed' };
    return ctx.error('ANSIBLE_FAILED', {
      message: `ansible-playbook ${what} (exit code ${exitCode}).`,
      ...(hint === undefined ? {} : { hint }),
      details: { command, exitCode },
    });
  }
  // Ansible takes it for a success when it has done nothing.
  if (/^skipping: no hosts matched$/m.test(stdout) && !/ok=\d+/.test(stdout)) {
    return ctx.error('ANSIBLE_NOTHING_TO_DO', {
      message: `No play of ${basename(config.playbook)} is for ${ctx.vm.name}.`,
      hint: 'Use `hosts: all` in the play, or put the guest into its group: groups "…" in the step.',
      details: { command, exitCode },
    });
  }
  return undefined;
}

/** An error of `host.exec`, told as one of this provisioner where there is more to say. */
export function explain(error: unknown, ctx: ProvisionContext): unknown {
  const isMissing =
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'VMCTL_HOST_COMMAND_MISSING';
  if (!isMissing) return error;
  return ctx.error('ANSIBLE_MISSING', {
    message: 'Ansible is not installed on this machine: there is no ansible-playbook in PATH.',
    hint: 'Install it: sudo apt-get install ansible (or ansible-core, which brings fewer modules).',
    cause: error,
  });
}
