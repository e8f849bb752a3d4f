import type { ErrorReport, VmctlEvent, VmOutcome } from '../events/events.js';
import { localTime } from '../host/local-time.js';
import type { ObservedEvent, VmChanged } from '../operations/events.js';
import { STAGE_LABELS } from './stage-labels.js';
import type { Style } from './style.js';
import { oneLine } from './terminal-text.js';
import { formatDuration } from './units.js';

/** Outcomes that somebody may want to look at. */
const BAD: readonly VmOutcome[] = ['failed', 'blocked', 'interrupted'];

/** What another event of the same thing tells soon after: failures are those of their VM. */
const UNTOLD: readonly ObservedEvent['type'][] = [
  'vm.started',
  'stage.started',
  'stage.failed',
  'step.failed',
];

/** Columns of an error, whose lines may be long. */
const MOST_OF_ERROR = 240;

/** One event of `vmctl events` on a line of its own: when, which VM, what. Undefined for those that are for machines. */
export function observedEventText(event: ObservedEvent, style: Style): string | undefined {
  if (UNTOLD.includes(event.type)) return undefined;
  const vm = 'vm' in event && typeof event.vm === 'string' ? oneLine(event.vm) : '-';
  return `${style.dim(oneLine(localTime(event.time)))}  ${style.strong(vm)}  ${wording(event, style)}`;
}

function wording(event: ObservedEvent, style: Style): string {
  switch (event.type) {
    case 'vm.changed':
      return changed(event, style);
    case 'run.started': {
      const vms = event.vms.length === 0 ? 'no VM' : event.vms.join(', ');
      return oneLine(`vmctl ${event.operation} began: ${vms} (process ${event.source.pid})`);
    }
    case 'run.finished': {
      const text = `vmctl ${oneLine(event.operation)} ${event.ok ? 'ended' : 'failed'}`;
      return `${event.ok ? text : style.bad(text)}, ${formatDuration(event.durationMs)}`;
    }
    case 'vm.finished': {
      const outcome = event.outcome.replaceAll('-', ' ');
      const colored = BAD.includes(event.outcome) ? style.bad(outcome) : style.good(outcome);
      const where = event.stage === undefined ? '' : ` at ${STAGE_LABELS[event.stage]}`;
      return `${colored}${where}, ${formatDuration(event.durationMs)}${why(event.error)}`;
    }
    case 'warning':
      return `${style.warn('warning')}: ${oneLine(event.message)}`;
    default:
      return oneLine(step(event));
  }
}

/** What happens on the way. Events that only newer versions know are told by their type. */
function step(event: VmctlEvent): string {
  switch (event.type) {
    case 'stage.finished':
      return `${STAGE_LABELS[event.stage]} done${event.detail === '' ? '' : `: ${event.detail}`}, ${formatDuration(event.durationMs)}`;
    case 'step.started':
      return `step ${event.step.name} began`;
    case 'step.finished':
      return `step ${event.step.name} done, ${formatDuration(event.durationMs)}`;
    case 'step.skipped':
      return `step ${event.step.name} skipped: ${event.reason}`;
    case 'plugin.installing':
      return `plugin ${event.name} ${event.version} is being installed`;
    case 'plugin.installed':
      return `plugin ${event.name} ${event.version} was installed`;
    case 'plugin.linked':
      return `plugin ${event.name} ${event.version} is used from ${event.path}`;
    case 'lockfile.written':
      return `plugins were pinned in ${event.path}`;
    default:
      return event.type;
  }
}

function changed({ from, to, detail }: VmChanged, style: Style): string {
  const text = from === null ? `is ${to}` : `${from} -> ${to}`;
  const more = detail === null ? '' : ` (${oneLine(detail)})`;
  return `${style.warn(text)}${more}, without a command of vmctl`;
}

/** What an error begins with; the rest is for those who look closer. */
function why(error: ErrorReport | undefined): string {
  if (error === undefined) return '';
  const text = oneLine(firstSentence(error.message));
  const short = text.length > MOST_OF_ERROR ? `${text.slice(0, MOST_OF_ERROR - 1)}…` : text;
  return `: ${short} [${oneLine(error.code)}]`;
}

/** The first line; where that leads up to the next one (`QEMU ended with exit code 1:`), that one as well. */
function firstSentence(message: string): string {
  const lines = message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const end = lines.findIndex((line) => !line.endsWith(':'));
  return lines.slice(0, end === -1 ? lines.length : end + 1).join(' ');
}
