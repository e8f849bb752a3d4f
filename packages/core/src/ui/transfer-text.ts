import type { Style } from './style.js';
import { oneLine } from './terminal-text.js';
import { cutTo, fitTo, widthOf } from './text-width.js';
import type { TransferSpeed } from './transfer-meter.js';
import { formatBytes, formatRemaining } from './units.js';

/** A transfer at one moment. */
export interface Transfer {
  /** What is done: `download`, `upload`, `decompress`, `verify`. */
  readonly task: string;
  /** What it is done with: the name of a file. */
  readonly subject: string;
  /** Bytes. */
  readonly done: number;
  readonly total: number | undefined;
  readonly speed: TransferSpeed;
  /** Bytes that an earlier, interrupted transfer has brought. */
  readonly resumed?: number | undefined;
}

/** What is done, where the numbers alone do not say it. */
const DOING: Readonly<Record<string, string>> = {
  decompress: 'unpacking ',
  inspect: 'checking ',
  verify: 'checking ',
};

const LEAST_SUBJECT = 8;
const LEAST_BAR = 6;
const LONGEST_BAR = 30;
/** The widest that numbers get: what stands beside them does not jump while they change. */
const RATE_WIDTH = '1023 MiB/s'.length;
const LEFT_WIDTH = '99m 59s left'.length;

type PartName = 'subject' | 'bar' | 'done' | 'total' | 'rate' | 'left' | 'resumed';

/** What is given up first when there is too little room. */
const EXPENDABLE: readonly PartName[] = ['resumed', 'total', 'bar', 'rate', 'left', 'subject'];

interface Part {
  readonly name: PartName;
  /** Blanks before it. */
  readonly gap: number;
  /** Columns that it needs, and more of which it makes use. */
  readonly least: number;
  readonly most: number;
  readonly text: (columns: number) => string;
}

/** `noble.img  ━━━━━━━━──────────  45 % of 600 MiB  11.2 MiB/s  30s left`, in no more columns than these. */
export function transferText(transfer: Transfer, columns: number, style: Style): string {
  const parts = partsOf(transfer, style);
  for (const name of EXPENDABLE) {
    if (widthOfParts(parts) <= columns) break;
    const index = parts.findIndex((part) => part.name === name);
    if (index !== -1) parts.splice(index, 1);
  }
  let spare = Math.max(0, columns - widthOfParts(parts));
  // The subject is before the bar: it gets what it needs first.
  const words = parts.map(({ gap, least, most, text }, index) => {
    const more = Math.min(spare, most - least);
    spare -= more;
    return ' '.repeat(index === 0 ? 0 : gap) + text(least + more);
  });
  const line = words.join('').trimEnd();
  return widthOf(line) <= columns ? line : cutTo(line.trimStart(), columns);
}

function partsOf(transfer: Transfer, style: Style): Part[] {
  const { task, done, total, resumed = 0, speed } = transfer;
  const subject = (DOING[task] ?? '') + oneLine(transfer.subject);
  const width = widthOf(subject);
  const parts: Part[] = [
    {
      ...fixed('subject', 0, ''),
      least: Math.min(width, LEAST_SUBJECT),
      most: width,
      text: (room) => cutTo(subject, room),
    },
  ];
  if (task === 'verify' || task === 'inspect') return parts;
  const fraction = total === undefined || total <= 0 ? undefined : Math.min(1, Math.max(0, done / total));
  if (fraction === undefined) {
    parts.push(fixed('done', 2, formatBytes(done)));
  } else {
    const bar = (room: number): string => progressBar(fraction, room, style);
    parts.push({ name: 'bar', gap: 2, least: LEAST_BAR, most: LONGEST_BAR, text: bar });
    parts.push(fixed('done', 1, `${Math.floor(fraction * 100)} %`.padStart('100 %'.length)));
    parts.push(fixed('total', 0, ` of ${formatBytes(total ?? 0)}`));
  }
  const { bytesPerSecond, remainingMs, stalledMs } = speed;
  const rate = bytesPerSecond === undefined ? '' : `${formatBytes(bytesPerSecond)}/s`;
  parts.push(fixed('rate', 2, fitTo(rate, RATE_WIDTH, 'right')));
  const left = remainingMs === undefined ? '' : `${formatRemaining(remainingMs)} left`;
  const stalled = stalledMs === undefined ? '' : `stalled ${formatRemaining(stalledMs)}`;
  parts.push(fixed('left', 2, fitTo(stalled === '' ? left : stalled, LEFT_WIDTH)));
  if (resumed > 0) parts.push(fixed('resumed', 2, `${formatBytes(resumed)} were there`));
  return parts;
}

function fixed(name: PartName, gap: number, text: string): Part {
  const width = widthOf(text);
  return { name, gap, least: width, most: width, text: () => text };
}

function widthOfParts(parts: readonly Part[]): number {
  return parts.reduce((sum, { gap, least }, index) => sum + least + (index === 0 ? 0 : gap), 0);
}

/** Lines of two weights, so that it can be read without colours. */
function progressBar(fraction: number, columns: number, style: Style): string {
  const full = Math.floor(fraction * columns);
  return '━'.repeat(full) + style.dim('─'.repeat(columns - full));
}
