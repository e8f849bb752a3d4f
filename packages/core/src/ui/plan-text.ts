import type { PlannedPlugin, PlannedVm, ProjectPlan, RemovedVm } from '../operations/plan.js';
import { changeText, type LeftOver, leftOver } from '../operations/plan/left-over.js';
import type { ChangeEffect, SettingChange } from '../operations/plan/settings.js';
import type { StepPlan } from '../operations/plan/steps.js';
import type { PlanAction } from '../operations/plan/vm-plan.js';
import type { Style } from './style.js';
import { oneLine } from './terminal-text.js';

/** What `up` does, in a word or two. */
const ACTIONS: Readonly<Record<PlanAction, string>> = {
  create: 'create',
  start: 'start',
  resume: 'resume',
  continue: 'go on with the last up',
  update: 'change as it runs',
  none: '',
};

/** What is left to do by hand. */
const NEEDS = { restart: 'restart needed', recreate: 'recreate needed' } as const;

/** When a change takes effect, beside it. */
const EFFECTS: Readonly<Record<ChangeEffect, string>> = {
  now: 'at once',
  start: 'at this start',
  restart: 'after a restart',
  recreate: 'in a new VM',
};

const IMAGES = {
  local: 'is used where it is',
  cached: 'is in the cache',
  fetch: 'would be fetched',
  unpack: 'would be unpacked',
} as const;

const SIGN_WIDTH = 3;
const LONGEST_COLUMN = 48;

/** `vmctl plan` for people: a line a VM, below it what differs and why, at the end all of it counted. */
export function planText(plan: ProjectPlan, style: Style): string {
  const names = [...plan.vms, ...plan.removed].map(({ name }) => name);
  const width = Math.max(0, ...names.map((name) => name.length));
  return [
    ...plan.plugins.map((plugin) => pluginLine(plugin, style)),
    ...plan.vms.flatMap((vm) => vmLines(vm, width, style)),
    ...plan.removed.flatMap((vm) => removedLines(vm, width, style)),
    ...(names.length + plan.plugins.length === 0 ? [] : ['']),
    summary(plan),
  ].join('\n');
}

function pluginLine({ name, range, version }: PlannedPlugin, { good, bad, strong, dim }: Style): string {
  const what = `plugin ${strong(oneLine(`${name} ${version ?? range}`.trim()))}`;
  const [sign, more] = isFolder(range) ? [bad('  !'), 'is not there'] : [good('  +'), 'would be installed'];
  return `${sign} ${what}  ${more}  ${dim('(what it brings is not planned)')}`;
}

function isFolder(range: string): boolean {
  return range === '';
}

function vmLines(vm: PlannedVm, width: number, style: Style): string[] {
  const { sign, paint } = signOf(vm, style);
  const left = leftOver(vm.name, vm.changes, vm.steps);
  const labels = [...vm.changes.map(({ setting }) => setting), ...vm.steps.map(stepLabel)];
  const labelWidth = widest([...labels, ...left.map(({ kind }) => kind)]);
  const valueWidth = widest(vm.changes.map(changeText));
  const row = (label: string, text: string, paintLabel = (each: string) => each): string =>
    `${' '.repeat(SIGN_WIDTH + 3)}${paintLabel(oneLine(label).padEnd(labelWidth))}  ${text}`;
  return [
    `${paint(sign.padStart(SIGN_WIDTH))} ${style.strong(vm.name.padEnd(width))}  ${headline(vm, style)}`,
    ...vm.changes.map((change) => row(change.setting, changeLine(change, valueWidth, style))),
    ...vm.steps.map((step) => row(stepLabel(step), stepLine(step, style))),
    ...left.map(({ kind, command }) => row(kind, commandLine(kind, command, style), style.dim)),
    ...problemLines(vm, style),
  ];
}

/** Columns of the widest text; one that is very long has the rest of its line beside it, and moves no other. */
function widest(texts: readonly string[]): number {
  const widths = texts.map((text) => oneLine(text).length).filter((width) => width <= LONGEST_COLUMN);
  return Math.max(0, ...widths);
}

function commandLine(kind: LeftOver['kind'], command: string, { dim }: Style): string {
  return kind === 'recreate' ? `${command}  ${dim('removes its disk')}` : command;
}

/** The sign says what is the most to do. */
function signOf(vm: PlannedVm, style: Style): { readonly sign: string; readonly paint: Style['good'] } {
  if (vm.problem !== null) return { sign: '!', paint: style.bad };
  if (vm.needs === 'recreate') return { sign: '-/+', paint: style.bad };
  if (vm.needs === 'restart' || vm.action === 'update') return { sign: '~', paint: style.warn };
  if (vm.action === 'create') return { sign: '+', paint: style.good };
  if (vm.action !== 'none') return { sign: '>', paint: style.good };
  return vm.steps.length > 0 ? { sign: '~', paint: style.warn } : { sign: '=', paint: style.dim };
}

function headline(vm: PlannedVm, style: Style): string {
  const { action, needs, image, problem } = vm;
  const toDo = [
    action === 'unknown' ? '' : ACTIONS[action],
    needs === null ? '' : NEEDS[needs],
    action === 'none' ? stepsWord(vm) : '',
  ].filter((part) => part !== '');
  const what = toDo.length > 0 ? toDo.join(', ') : problem === null ? 'no changes' : 'cannot be planned';
  const more = [
    ...(vm.state === 'absent' ? [] : [vm.state]),
    ...(image === null ? [] : [`image ${oneLine(image.label)} ${IMAGES[image.from]}`]),
    ...(vm.after.length === 0 ? [] : [`after ${vm.after.join(', ')}`]),
    ...(vm.busy === null ? [] : [`${oneLine(vm.busy.purpose)} (process ${vm.busy.pid}) is working on it`]),
  ];
  return more.length === 0 ? what : `${what}  ${style.dim(`(${more.join('; ')})`)}`;
}

/** What is left to do for its steps. */
function stepsWord({ steps }: PlannedVm): string {
  if (steps.length === 0) return '';
  return steps.every(({ action }) => action === 'edited') ? 'steps edited' : 'steps to run';
}

function changeLine(change: SettingChange, width: number, { dim }: Style): string {
  return `${oneLine(changeText(change)).padEnd(width)}  ${dim(EFFECTS[change.effect])}`;
}

function stepLabel({ index, name }: StepPlan): string {
  return `step ${index} ${name}`;
}

function stepLine({ action, reason }: StepPlan, { dim, bad }: Style): string {
  const why = oneLine(reason);
  switch (action) {
    case 'run':
      return `runs: ${why}`;
    case 'skip':
      return dim(`skipped: ${why}`);
    case 'provision':
      return `not run by up, as the VM runs: ${why}`;
    case 'edited':
      return `not run by up: ${why}`;
    case 'fail':
      return bad(`would fail: ${why}`);
  }
}

function problemLines({ problem }: PlannedVm, { bad }: Style): string[] {
  if (problem === null) return [];
  const indent = ' '.repeat(SIGN_WIDTH + 3);
  const hint = problem.hint === undefined ? [] : `Try: ${problem.hint}`.split('\n');
  return [...problem.message.split('\n').map((line) => bad(oneLine(line))), ...hint.map(oneLine)].map(
    (line) => indent + line,
  );
}

function removedLines({ name, state }: RemovedVm, width: number, style: Style): string[] {
  const head = `${style.warn('-'.padStart(SIGN_WIDTH))} ${style.strong(name.padEnd(width))}`;
  return [
    `${head}  not in the VMFile any more; left alone  ${style.dim(`(${state})`)}`,
    `${' '.repeat(SIGN_WIDTH + 3)}${style.dim('remove')}  vmctl destroy ${name}`,
  ];
}

/** `the VM is`, `both VMs are`, `all 3 VMs are`. */
function allOf(count: number): string {
  if (count === 1) return 'the VM is';
  return count === 2 ? 'both VMs are' : `all ${count} VMs are`;
}

/** `2 to create, 1 to start, 1 to restart by hand, 3 unchanged.` */
function summary({ plugins, vms, removed, changes, ok }: ProjectPlan): string {
  if (vms.length + removed.length + plugins.length === 0) return 'Nothing to do: there are no VMs.';
  if (!changes && ok) return `No changes: ${allOf(vms.length)} up.`;
  const count = (text: string, filter: (vm: PlannedVm) => boolean): string[] => {
    const { length } = vms.filter(filter);
    return length === 0 ? [] : [`${length} ${text}`];
  };
  const folders = plugins.filter(({ range }) => isFolder(range));
  const parts = [
    ...(plugins.length === folders.length ? [] : [`${plugins.length - folders.length} to install`]),
    ...(folders.length === 0 ? [] : [`${folders.length} not there`]),
    ...count('to create', ({ action }) => action === 'create'),
    ...count('to start', ({ action }) => action === 'start'),
    ...count('to resume', ({ action }) => action === 'resume'),
    ...count('to go on with', ({ action }) => action === 'continue'),
    ...count('to change', ({ action }) => action === 'update'),
    ...count('to restart by hand', ({ needs }) => needs === 'restart'),
    ...count('to recreate by hand', ({ needs }) => needs === 'recreate'),
    ...count('with steps to run by hand', ({ steps }) =>
      steps.some(({ action }) => action === 'provision' || action === 'edited'),
    ),
    ...(removed.length === 0 ? [] : [`${removed.length} not in the VMFile any more`]),
    ...count('with a problem', ({ problem }) => problem !== null),
    ...count('unchanged', (vm) => signIsEqual(vm)),
  ];
  return `${parts.join(', ')}.`;
}

function signIsEqual({ action, changes, steps, problem }: PlannedVm): boolean {
  return action === 'none' && changes.length === 0 && steps.length === 0 && problem === null;
}
