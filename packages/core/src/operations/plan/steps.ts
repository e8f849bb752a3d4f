import { messageOf } from '../../errors/vmctl-error.js';
import type { ProvisionRecord, VmHandle } from '../../hypervisor/contract.js';
import type { Provisioner } from '../../provisioner/contract.js';
import { dateOf, judge, judgeFingerprint } from '../../provisioner/run-policy.js';
import { definitionDigest, stepFingerprint } from '../../provisioner/step-fingerprint.js';
import type { ProvisionDefinition } from '../../vmfile/model.js';

/** What becomes of one provisioning step. */
export interface StepPlan {
  /** Among the steps of its VM, from 1. */
  readonly index: number;
  readonly name: string;
  /** The provisioner's type. */
  readonly provisioner: string;
  /**
   * What `up` does with it. `provision`: nothing, as the VM runs, but it was added or edited since it last ran;
   * `edited`: nothing, as it runs once and has, but it was edited since; `fail`: it cannot even be judged.
   */
  readonly action: 'run' | 'skip' | 'provision' | 'edited' | 'fail';
  /** Why, for people. */
  readonly reason: string;
}

/** What judging steps works with. */
export interface StepJudging {
  readonly steps: readonly ProvisionDefinition[];
  readonly provisioners: (type: string) => Promise<Provisioner>;
  /** Directory of the VMFile. */
  readonly baseDir: string;
  readonly signal: AbortSignal;
}

/** Steps of a VM that goes through the stage `provision`, with the same verdicts that the stage will have. */
export async function stepsToRun(
  judging: StepJudging,
  records: Readonly<Record<string, ProvisionRecord>>,
): Promise<readonly StepPlan[]> {
  return Promise.all(
    judging.steps.map(async (definition, position): Promise<StepPlan> => {
      const step = { index: position + 1, name: definition.name, provisioner: definition.type };
      const record = records[definition.name];
      const verdict = judge(definition.run, record);
      if (verdict.kind !== 'ask') {
        const edited = verdict.kind === 'skip' ? await editOfDone(definition, record) : undefined;
        return { ...step, action: verdict.kind, reason: verdict.reason, ...edited };
      }
      try {
        const answer = judgeFingerprint(verdict.record, await fingerprintNow(judging, definition));
        return { ...step, action: answer.kind, reason: answer.reason };
      } catch (error) {
        judging.signal.throwIfAborted();
        return { ...step, action: 'fail', reason: messageOf(error) };
      }
    }),
  );
}

/**
 * Steps that were added or edited since they ran on a VM that runs. `up` leaves such a VM alone; `vmctl provision`
 * runs them, those that run once when they are named. Only what is certain: records of older versions do not tell whether a step was edited.
 */
export async function stepsLeft(judging: StepJudging, handle: VmHandle): Promise<readonly StepPlan[]> {
  // A VM of another tool: nobody knows what has run on it.
  if (handle.created_at === undefined && handle.provisioned === undefined) return [];
  const { provisioned = {} } = handle;
  const all = await Promise.all(
    judging.steps.map(async (definition, position): Promise<StepPlan | undefined> => {
      const { name, type: provisioner } = definition;
      const step = { index: position + 1, name, provisioner };
      const record = provisioned[name];
      const verdict = judge(definition.run, record);
      if (verdict.kind === 'skip') {
        const edited = await editOfDone(definition, record);
        return edited === undefined ? undefined : { ...step, ...edited };
      }
      const reason = await whyToProvision(judging, definition, record, verdict.kind);
      return reason === undefined ? undefined : { ...step, action: 'provision', reason };
    }),
  );
  return all.filter((step) => step !== undefined);
}

/** That a step which runs once was edited since it did: `up` does not say it by running it again. */
async function editOfDone(
  definition: ProvisionDefinition,
  record: ProvisionRecord | undefined,
): Promise<Pick<StepPlan, 'action' | 'reason'> | undefined> {
  if (definition.run !== 'once' || record === undefined || !(await isEdited(definition, record)))
    return undefined;
  return { action: 'edited', reason: `edited since it ran on ${dateOf(record)}, and run="once"` };
}

async function isEdited(
  definition: ProvisionDefinition,
  { definition: before }: ProvisionRecord,
): Promise<boolean> {
  return before !== undefined && before !== (await definitionDigest(definition));
}

async function whyToProvision(
  judging: StepJudging,
  definition: ProvisionDefinition,
  record: ProvisionRecord | undefined,
  verdict: 'run' | 'ask',
): Promise<string | undefined> {
  if (record === undefined) return verdict === 'run' ? 'it has not run on this VM' : undefined;
  const edited = `changed since ${dateOf(record)}`;
  if (verdict === 'run') return (await isEdited(definition, record)) ? edited : undefined;
  try {
    const answer = judgeFingerprint(record, await fingerprintNow(judging, definition));
    return answer.kind === 'run' ? answer.reason : undefined;
  } catch {
    // `vmctl provision` says what is wrong with it.
    judging.signal.throwIfAborted();
    return edited;
  }
}

async function fingerprintNow(
  { provisioners, baseDir, signal }: StepJudging,
  definition: ProvisionDefinition,
): Promise<string> {
  return stepFingerprint(definition, await provisioners(definition.type), { baseDir, signal });
}
