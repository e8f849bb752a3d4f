import type { EventSink } from '../../events/events.js';
import type { SettingChange } from './settings.js';
import type { StepPlan } from './steps.js';

/** What `up` does not change by itself, and the command that does. */
export interface LeftOver {
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

/** What is left to do after `up`, by command. */
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
  const restart = texts('restart');
  const recreate = texts('recreate');
  const names = steps.filter(({ action }) => action === 'provision').map(({ name }) => name);
  const several = names.length > 1;
  return [
    ...(recreate === ''
      ? []
      : [{ message: `${recreate}: takes a VM made anew, without its disk.`, command: reloadCommand(vm) }]),
    ...(restart === '' ? [] : [{ message: `${restart}: takes a restart.`, command: restartCommand(vm) }]),
    ...(names.length === 0
      ? []
      : [
          {
            message: `${several ? 'steps' : 'step'} ${names.join(', ')}: added or edited, and not run yet.`,
            command: provisionCommand(vm),
          },
        ]),
  ];
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

/** `vmctl restart` reads no VMFile. */
export function restartCommand(vm: string): string {
  return `vmctl stop ${vm} && vmctl up --name ${vm}`;
}

export function reloadCommand(vm: string): string {
  return `vmctl reload --name ${vm}`;
}

export function provisionCommand(vm: string): string {
  return `vmctl provision --name ${vm}`;
}
