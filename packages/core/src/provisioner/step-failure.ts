import { shellWord } from '../errors/shell-word.js';
import { isVmctlError, messageOf, VmctlError } from '../errors/vmctl-error.js';
import type { StepReference } from '../events/events.js';
import { oneLine } from './printable.js';

export interface StepFailure {
  readonly vm: string;
  readonly step: StepReference;
  /** What the provisioner threw. */
  readonly thrown: unknown;
  /** The end of the step's output. */
  readonly lastLines: readonly string[];
  /** Where all of it is. */
  readonly logPath: string | undefined;
  /** Whether `vmctl up` runs the steps of this VM again; it leaves alone what had been brought up before. */
  readonly upRunsAgain: boolean;
}

/** Facts that provisioners put into the details of their errors. */
export interface CommandFacts {
  readonly command: string | undefined;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

/** What is known of the command that failed. */
export function commandFacts(thrown: unknown): CommandFacts {
  const details = isVmctlError(thrown) ? thrown.details : undefined;
  const text = (name: string): string | undefined => {
    const value = details?.[name];
    return typeof value === 'string' ? value : undefined;
  };
  const exitCode = details?.['exitCode'];
  return {
    command: text('command'),
    exitCode: typeof exitCode === 'number' ? exitCode : undefined,
    signal: text('signal'),
  };
}

/** The error of a step that failed: which one, why, the end of its output, and where the rest is. */
export function stepFailed({ vm, step, thrown, lastLines, logPath, upRunsAgain }: StepFailure): VmctlError {
  const { command, exitCode, signal } = commandFacts(thrown);
  const meant = isVmctlError(thrown);
  const why = meant
    ? thrown.message
    : `the provisioner "${step.provisioner}" failed with an error of its own: ${messageOf(thrown)}`;
  const title = `${vm}: step ${step.index}/${step.count} "${oneLine(step.name)}" (${step.provisioner})`;
  const again = upRunsAgain
    ? '`vmctl up` runs the steps again.'
    : `To go on with this step: vmctl provision ${vm} --from ${shellWord(step.name)}`;
  return new VmctlError('VMCTL_PROVISION_FAILED', {
    message: [
      `${title} failed: ${why}`,
      ...(command === undefined ? [] : [`Command: ${command}`]),
      ...(lastLines.length === 0 ? [] : ['Last output:', ...lastLines.map((line) => `  ${line}`)]),
      ...(logPath === undefined ? [] : [`Full log: ${logPath}`]),
    ].join('\n'),
    hint:
      (meant ? thrown.hint : undefined) ??
      (meant
        ? `See all of its output: vmctl log ${vm} --provision. ${again}`
        : 'It is a fault of the plugin that brings the provisioner, or of what it was given. DEBUG=vmctl:* says more.'),
    cause: thrown,
    details: {
      vm,
      step: { index: step.index, count: step.count, name: step.name },
      provisioner: step.provisioner,
      command: command ?? null,
      exitCode: exitCode ?? null,
      signal: signal ?? null,
      output: lastLines,
      log: logPath ?? null,
      ...(meant ? { code: thrown.code } : {}),
    },
  });
}
