import { shellWord } from '../../errors/shell-word.js';
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
  const named = (wanted: StepPlan['action']): string[] =>
    steps.filter(({ action }) => action === wanted).map(({ name }) => name);
  const names = named('provision');
  const edited = named('edited');
  const restart = texts('restart');
  const recreate = texts('recreate');
  const all: LeftOver[] = [];
  if (names.length > 0) {
    all.push({
      kind: 'provision',
      message: `${stepWords(names)}: added or edited, and not run since.`,
      command: `vmctl provision ${vm}`,
    });
  }
  if (edited.length > 0) {
    all.push({
      kind: 'provision',
      message: `${stepWords(edited)}: edited since, and run="once".`,
      // They are skipped unless they are named.
      command: ['vmctl provision', vm, ...edited.map((name) => `--only ${shellWord(name)}`)].join(' '),
    });
  }
  if (restart !== '') {
    // `vmctl restart` reads no VMFile.
    const command = `vmctl stop ${vm} && vmctl up ${vm}`;
    all.push({ kind: 'restart', message: `${restart}: takes a restart.`, command });
  }
  if (recreate !== '') {
    const message = `${recreate}: takes a VM made anew, without its disk.`;
    all.push({ kind: 'recreate', message, command: `vmctl reload ${vm}` });
  }
  return all;
}

function stepWords(names: readonly string[]): string {
  return `${names.length > 1 ? 'steps' : 'step'} ${names.join(', ')}`;
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
