import type { TerminalSize } from './live-region.js';
import type { Activity, RunCounts, RunState } from './run-state.js';
import { STAGE_LABELS } from './stage-labels.js';
import type { Style } from './style.js';
import { oneLine } from './terminal-text.js';
import { cutTo, fitTo, widthOf } from './text-width.js';
import { transferText } from './transfer-text.js';
import { formatDuration } from './units.js';

export const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;

/** Room for what stays, above the region, and for the cursor below it. */
const FREE_ROWS = 3;
const LABEL_WIDTH = 9;
const ELAPSED_WIDTH = 7;
/** Text says what it says in so much; a transfer makes use of more. */
const TEXT_WIDTH = 44;
const TRANSFER_WIDTH = 76;
/** With less room for what a VM does, other things give way. */
const LEAST_TEXT = 16;
const LEAST_TRANSFER = 30;

/** The view of a run at one moment. */
export interface LiveView extends TerminalSize {
  /** On the clock of the state. */
  readonly now: number;
  /** Counts up with every picture. */
  readonly frame: number;
}

/** What is going on, as lines for the bottom of a terminal: none is wider than it, and no more than fit. */
export function liveRows(state: RunState, view: LiveView, style: Style): string[] {
  const { active, counts } = state;
  const room = Math.max(1, view.rows - FREE_ROWS);
  const isWhole = active.length <= room && counts.waiting === 0;
  const shown = active.slice(0, isWhole ? room : Math.max(0, room - 1));
  const rows = shown.map((activity) => activityRow(activity, state, view, style));
  // Of VMs that were told about one by one nothing has to be said as long as there is nothing else to say.
  if (!isWhole) rows.push(style.dim(cutTo(`  ${hiddenText(counts, shown.length)}`, view.columns - 1)));
  return rows;
}

function hiddenText(counts: RunCounts, shown: number): string {
  const hidden = { ...counts, running: counts.running - shown };
  const parts = Object.entries(hidden).filter(([, count]) => count > 0);
  const sum = parts.reduce((all, [, count]) => all + count, 0);
  return `… and ${sum} more: ${parts.map(([what, count]) => `${count} ${what}`).join(', ')}`;
}

function activityRow(activity: Activity, state: RunState, view: LiveView, style: Style): string {
  const usable = Math.max(0, view.columns - 1);
  const { vm, transfer } = activity;
  const { label, detail } = wordsOf(activity, state.operation);
  const nameWidth = Math.min(state.nameWidth, Math.max(6, Math.floor(usable / 4)));
  const spinner = SPINNER[view.frame % SPINNER.length] ?? '';
  const head = `${spinner} ${style.strong(fitTo(oneLine(vm), nameWidth))}`;
  const headWidth = 2 + nameWidth;
  // With little room the stage stands in for what is done in it, then the time goes.
  let room = usable - headWidth - (2 + LABEL_WIDTH + 1) - (1 + ELAPSED_WIDTH);
  const hasLabel = room >= (transfer === undefined ? LEAST_TEXT : LEAST_TRANSFER);
  if (!hasLabel) room = usable - headWidth - 2 - (1 + ELAPSED_WIDTH);
  const hasElapsed = room >= LABEL_WIDTH;
  if (!hasElapsed) room = usable - headWidth - 2;
  if (room <= 0) return cutTo(`${spinner} ${oneLine(vm)}`, usable);
  const width = Math.min(room, transfer === undefined ? TEXT_WIDTH : TRANSFER_WIDTH);
  const speed = transfer?.meter.speed(transfer.total, view.now);
  const text =
    transfer === undefined || speed === undefined
      ? cutTo(detail === '' && !hasLabel ? label : detail, width)
      : transferText({ ...transfer, speed }, width, style);
  let row = `${head}  ${hasLabel ? `${style.dim(label.padEnd(LABEL_WIDTH))} ` : ''}${text}`;
  if (hasElapsed) {
    const fill = ' '.repeat(Math.max(0, width - widthOf(text)));
    row += `${fill} ${style.dim(formatDuration(view.now - activity.since).padStart(ELAPSED_WIDTH))}`;
  }
  return row;
}

function wordsOf({ stage, detail }: Activity, operation: string): { label: string; detail: string } {
  // `down --destroy` is told by its detail.
  const label = stage === undefined ? (operation.split(' ')[0] ?? '') : STAGE_LABELS[stage];
  return { label: cutTo(label, LABEL_WIDTH), detail: oneLine(detail) };
}
