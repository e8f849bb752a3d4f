import type { Stage, VmctlEvent, VmResult } from '../events/events.js';
import { STAGE_LABELS } from './stage-labels.js';
import type { Style } from './style.js';

/** Which log says more about a failure, by the stage that failed. */
const LOGS: Partial<Record<Stage, string>> = {
  start: '--console',
  ready: '--console',
  provision: '--provision',
};

/**
 * What a run of several VMs ends with when not all went well: which ones, where, and what to read. The errors
 * themselves may be thousands of lines further up.
 */
export function summaryLines(
  { vms }: Pick<Extract<VmctlEvent, { type: 'run.finished' }>, 'vms'>,
  style: Style,
  clean: (text: string) => string = (text) => text,
): string[] {
  const failed = vms.filter(({ outcome }) => outcome === 'failed');
  if (vms.length < 2 || failed.length === 0) return [];
  const blocked = vms.filter(({ outcome }) => outcome === 'blocked');
  const interrupted = vms.filter(({ outcome }) => outcome === 'interrupted');
  const listed = [...failed, ...blocked];
  const nameWidth = Math.max(...listed.map(({ vm }) => vm.length));
  const stageWidth = Math.max(...listed.map((result) => stageOf(result).length));
  const counts = [
    `${failed.length} of ${vms.length} VMs failed`,
    ...(blocked.length === 0 ? [] : [`${blocked.length} not started`]),
    ...(interrupted.length === 0 ? [] : [`${interrupted.length} interrupted`]),
  ];
  return [
    '',
    style.strong(`${counts.join(', ')}:`),
    ...listed.map((result) => {
      const mark = result.outcome === 'failed' ? style.bad('✗') : style.warn('-');
      const stage = style.dim(stageOf(result).padEnd(stageWidth));
      return `  ${mark} ${result.vm.padEnd(nameWidth)}  ${stage}  ${clean(moreOf(result))}`;
    }),
  ];
}

function stageOf({ stage, outcome }: VmResult): string {
  return stage === undefined || outcome === 'blocked' ? '-' : STAGE_LABELS[stage];
}

/** The command that shows the log; where there is none yet, the beginning of the error. */
function moreOf({ vm, stage, outcome, error }: VmResult): string {
  const log = stage === undefined || outcome === 'blocked' ? undefined : LOGS[stage];
  if (log !== undefined) return `vmctl log ${vm} ${log}`;
  return error?.message.split('\n')[0] ?? '';
}
