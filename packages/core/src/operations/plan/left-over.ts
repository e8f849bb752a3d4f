import type { EventSink } from '../../events/events.js';
import type { SettingChange } from './settings.js';
import type { StepPlan } from './steps.js';

/** What `up` does not change by itself, and the command that does. */
export interface LeftOver {
  readonly kind: 'provision' | 'restart' | 'recreate';
  /** A sentence. */
  readonly message: string;
  /** The command line. */
  readonly command: string;
}

/** `1024 MiB -> 2048 MiB`, `+ 127.0.0.1:8080 -> 80`, `- a seed`. */
export function changeText({ from, to }: SettingChange): string {
  if (from === null) return `+ ${to}`;
  return to === null ? `- ${from}` : `${from} -> ${to}`;
}

/** What is left to do after `up`; what keeps most of the VM comes first. */
export function leftOver(
  vm: string,
  changes: readonly SettingChange[],
  steps: readonly StepPlan[],
): readonly LeftOver[] {
  const texts = (effect: SettingChange['effect']): string =>
    changes
      .filter((change) => change.effect === effect)
      .map((change) => `${change.setting} ${changeText(change)}`)
      .join(', ');
  const names = steps.filter(({ action }) => action === 'provision').map(({ name }) => name);
  const restart = texts('restart');
  const recreate = texts('recreate');
  const all: LeftOver[] = [];
  if (names.length > 0) {
    all.push({
      kind: 'provision',
      message: `${names.length > 1 ? 'steps' : 'step'} ${names.join(', ')}: added or edited, and not run since.`,
      command: `vmctl provision --name ${vm}`,
    });
  }
  if (restart !== '') {
    // `vmctl restart` reads no VMFile.
    const command = `vmctl stop ${vm} && vmctl up --name ${vm}`;
    all.push({ kind: 'restart', message: `${restart}: takes a restart.`, command });
  }
  if (recreate !== '') {
    const message = `${recreate}: takes a VM made anew, without its disk.`;
    all.push({ kind: 'recreate', message, command: `vmctl reload --name ${vm}` });
  }
  return all;
}

/** Says what `up` leaves as it is. */
export function warnOfLeftOver(
  events: EventSink,
  vm: string,
  changes: readonly SettingChange[],
  steps: readonly StepPlan[],
): void {
  for (const { message, command } of leftOver(vm, changes, steps)) {
    events.emit({ type: 'warning', vm, code: 'VMCTL_VM_DIFFERS', message, hint: command });
  }
}
