import { reportError } from '../errors/error-report.js';
import type { EventSink, StepReference } from '../events/events.js';
import type { GuestSession, SshAccess } from '../guest/contract.js';
import type { Logger } from '../host/logger.js';
import type { ProvisionRecord } from '../hypervisor/contract.js';
import type { ProvisionDefinition } from '../vmfile/model.js';
import type { ProvisionedVm, Provisioner } from './contract.js';
import { stepSkipped } from './log-lines.js';
import { ProvisionLog } from './provision-log.js';
import { Redactor } from './redactor.js';
import { judge, judgeFingerprint } from './run-policy.js';
import { type SelectedStep, selectSteps, type StepSelection } from './select-steps.js';
import { definitionDigest, stepFingerprint } from './step-fingerprint.js';
import { StepRun } from './step-run.js';

export interface RunStepsOptions extends StepSelection {
  readonly vm: ProvisionedVm;
  readonly steps: readonly ProvisionDefinition[];
  readonly provisioners: (type: string) => Promise<Provisioner>;
  readonly guest: GuestSession;
  /** How programs of the host reach the guest; undefined: they cannot. */
  readonly ssh?: SshAccess | undefined;
  /** Directory of the VMFile. */
  readonly baseDir: string;
  /** Path of provision.log; its directory exists. */
  readonly logPath: string;
  /** What has succeeded on this VM before, by step name. */
  readonly records: Readonly<Record<string, ProvisionRecord>>;
  /** Keeps the record of a step that has just succeeded. */
  readonly saveRecord: (step: string, record: ProvisionRecord) => Promise<void>;
  readonly events: EventSink;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Milliseconds that a provisioner has to end after an abort; default 15,000. */
  readonly abortGraceMs?: number | undefined;
  /** Whether `vmctl up` runs steps of this VM again when one fails; it is what the error advises. Default true. */
  readonly upRunsAgain?: boolean | undefined;
}

/** How many steps ran, and how many were asked for and did not have to. */
export interface StepsResult {
  readonly ran: number;
  readonly skipped: number;
}

/**
 * Runs the provisioning steps of a VM in their order, and stops at the first that fails.
 *
 * A step is recorded after it succeeded, and only then. Output goes to the events and to provision.log, without
 * secrets and with bounded memory.
 *
 * @throws VMCTL_PROVISION_FAILED with the step, the command, the end of the output and the place of the log
 * @throws VMCTL_STEP_UNKNOWN when `only` or `from` names no step of the VM; nothing has run then
 * @throws VMCTL_PROVISIONER_STUCK when a provisioner does not end after an abort
 * @throws the signal's reason on abort
 */
export async function runSteps(options: RunStepsOptions): Promise<StepsResult> {
  const { vm, events, signal } = options;
  const selected = selectSteps(vm.name, options.steps, options);
  if (selected.length === 0) return { ran: 0, skipped: 0 };
  signal.throwIfAborted();
  const provisionLog = await ProvisionLog.open({
    path: options.logPath,
    onProblem: (error) => {
      const { code, message, hint } = reportError(error);
      events.emit({ type: 'warning', vm: vm.name, code, message, hint });
    },
  });
  const redactor = new Redactor();
  let ran = 0;
  try {
    for (const step of selected) {
      signal.throwIfAborted();
      if (await runOrSkip(step, options, { provisionLog, redactor })) ran++;
    }
  } finally {
    await provisionLog.close();
  }
  return { ran, skipped: selected.length - ran };
}

/** Whether the step ran. */
async function runOrSkip(
  { definition, index, named }: SelectedStep,
  options: RunStepsOptions,
  shared: { readonly provisionLog: ProvisionLog; readonly redactor: Redactor },
): Promise<boolean> {
  const { vm, events, records, log } = options;
  const { name, type, run: policy } = definition;
  const step: StepReference = { index, count: options.steps.length, name, provisioner: type };
  const skip = (reason: string): false => {
    events.emit({ type: 'step.skipped', vm: vm.name, step, reason });
    void shared.provisionLog.write(stepSkipped(step, reason, new Date()));
    return false;
  };
  const verdict = named ? ({ kind: 'run' } as const) : judge(policy, records[name]);
  if (verdict.kind === 'skip') return skip(verdict.reason);

  const provisioner = await options.provisioners(type);
  const stepRun = new StepRun({ ...options, ...shared, definition, step, provisioner });
  // Reading the inputs of the other steps would be for nothing: their policies do not ask.
  const mark =
    policy === 'changed' ? await stepRun.guard(() => stepFingerprint(definition, provisioner, options)) : '';
  if (verdict.kind === 'ask') {
    const answer = judgeFingerprint(verdict.record, mark);
    if (answer.kind === 'skip') return skip(answer.reason);
  }
  await stepRun.run();
  const digest = await definitionDigest(definition);
  await options.saveRecord(name, {
    fingerprint: mark,
    ...(digest === undefined ? {} : { definition: digest }),
    finished_at: new Date().toISOString(),
  });
  log.debug(`step ${name} is done`);
  return true;
}
