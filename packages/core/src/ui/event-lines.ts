import type { ErrorReport, StepReference, VmctlEvent, VmResult } from '../events/events.js';
import { summaryLines } from './run-summary.js';
import { STAGE_LABELS } from './stage-labels.js';
import type { Style } from './style.js';
import { widthOf } from './text-width.js';
import { formatDuration } from './units.js';
import { wrapText } from './wrap-text.js';

const LABEL_WIDTH = 9;
const DETAIL_WIDTH = 44;
const TOOK_WIDTH = 7;
/** What was over sooner was refused; how long that took says nothing. */
const REFUSED_WITHIN_MS = 1000;
/** A terminal with less room tears words anyway. */
const LEAST_WRAP = 20;
/** A line of output that does not end is shown in parts: a program may print megabytes without a newline. */
const LONGEST_LINE = 16 * 1024;

/** What a terminal asks of lines; a pipe gets them as they are. */
export interface TerminalRules {
  /** How wide it is now; undefined when that is not known. */
  readonly columns: () => number | undefined;
  /** Makes one line of foreign text harmless. */
  readonly clean: (text: string) => string;
}

const PLAIN: TerminalRules = { columns: () => undefined, clean: (text) => text };

/** Turns events into the lines that stay on the screen. */
export class EventLines {
  readonly #style: Style;
  readonly #rules: TerminalRules;
  #nameWidth = 0;
  #operation = '';
  #several = false;
  /** VMs that had a step run. */
  readonly #provisioned = new Set<string>();
  /** Output of a step that does not end in a newline yet, by VM and stream. */
  readonly #partial = new Map<string, string>();

  constructor(style: Style, rules: TerminalRules = PLAIN) {
    this.#style = style;
    this.#rules = rules;
  }

  /** The lines that this event adds, each complete. */
  lines(event: VmctlEvent): readonly string[] {
    switch (event.type) {
      case 'run.started':
        this.#operation = event.operation;
        this.#nameWidth = Math.max(0, ...event.vms.map((vm) => vm.length));
        this.#several = event.vms.length > 1;
        return event.vms.length === 0 ? ['Nothing to do: there are no VMs.'] : [];
      case 'stage.finished':
        // The steps have said it already.
        if (event.stage === 'provision') return [];
        return [
          this.#row(event.vm, STAGE_LABELS[event.stage], this.#rules.clean(event.detail), event.durationMs),
        ];
      case 'step.started':
        return [this.#row(event.vm, STAGE_LABELS.provision, `${this.#step(event.step)} …`)];
      case 'step.output':
        return this.#output(event.vm, event.stream, event.text);
      case 'step.finished':
        this.#provisioned.add(event.vm);
        return [
          ...this.#flush(event.vm),
          this.#row(event.vm, STAGE_LABELS.provision, `${this.#step(event.step)} done`, event.durationMs),
        ];
      case 'step.skipped':
        return [
          this.#row(
            event.vm,
            STAGE_LABELS.provision,
            this.#style.dim(`${this.#step(event.step)} skipped: ${this.#rules.clean(event.reason)}`),
          ),
        ];
      case 'step.failed':
        return this.#flush(event.vm);
      case 'plugin.installing':
        return [`  ${this.#style.dim('plugin')}  installing ${event.name} ${event.version} …`];
      case 'plugin.installed': {
        const took = this.#style.dim(formatDuration(event.durationMs));
        return [`  ${this.#style.dim('plugin')}  installed ${event.name} ${event.version}  ${took}`];
      }
      case 'plugin.linked':
        return [
          `  ${this.#style.dim('plugin')}  ${event.name} ${event.version} linked from ${event.path}, in place of ${event.range}`,
        ];
      case 'lockfile.written':
        return [`  ${this.#style.dim('plugin')}  pinned in ${event.path}`];
      case 'warning':
        return this.#warning(event.vm, event.message, event.hint);
      case 'vm.finished':
        return this.#finished(event);
      case 'run.finished':
        return summaryLines(event, this.#style, this.#rules.clean);
      default:
        return [];
    }
  }

  /** @param detail - fit for the terminal */
  #row(vm: string, label: string, detail: string, durationMs?: number): string {
    const { dim, strong } = this.#style;
    const head = `  ${strong(vm.padEnd(this.#nameWidth))}  ${dim(label.padEnd(LABEL_WIDTH))} `;
    if (durationMs === undefined) return head + detail;
    const took = formatDuration(durationMs).padStart(TOOK_WIDTH);
    // On a narrow terminal the time stands at its edge, or right after the words.
    const room = (this.#rules.columns() ?? Infinity) - widthOf(head) - TOOK_WIDTH - 1;
    const width = widthOf(detail);
    const fill = ' '.repeat(Math.max(0, Math.min(DETAIL_WIDTH, room) - width));
    return `${head}${detail}${fill} ${dim(width > room ? took.trimStart() : took)}`;
  }

  #output(vm: string, stream: string, text: string): string[] {
    const key = `${vm}\n${stream}`;
    const pieces = ((this.#partial.get(key) ?? '') + text).split('\n');
    let rest = lastState(pieces.pop() ?? '');
    if (rest.length > LONGEST_LINE) {
      pieces.push(rest);
      rest = '';
    }
    this.#partial.set(key, rest);
    return pieces.map((piece) => this.#outputLine(vm, piece));
  }

  #flush(vm: string): string[] {
    const lines: string[] = [];
    for (const stream of ['stdout', 'stderr']) {
      const key = `${vm}\n${stream}`;
      const rest = this.#partial.get(key) ?? '';
      if (rest !== '') lines.push(this.#outputLine(vm, rest));
      this.#partial.delete(key);
    }
    return lines;
  }

  #outputLine(vm: string, text: string): string {
    // A carriage return would overwrite the prefix: of a progress bar the last state counts.
    const shown = lastState(text).replace(/\r+$/, '');
    const prefix = this.#several ? `${vm.padEnd(this.#nameWidth)} │` : '│';
    return `  ${this.#style.dim(prefix)} ${this.#rules.clean(shown)}`;
  }

  #warning(vm: string | undefined, message: string, hint: string | undefined): string[] {
    const { warn, dim } = this.#style;
    const named = vm === undefined || message.startsWith(`${vm} `) ? message : `${vm}: ${message}`;
    const [first = '', ...rest] = this.#wrapped(named);
    const lines = [`${warn('!')} ${first}`, ...rest.map((line) => `  ${line}`)];
    if (hint !== undefined) lines.push(...this.#wrapped(hint).map((line) => dim(`  ${line}`)));
    return lines;
  }

  #finished(result: VmResult): string[] {
    const { good, dim, bad, warn } = this.#style;
    const { vm, durationMs } = result;
    const took = formatDuration(durationMs);
    switch (result.outcome) {
      case 'up': {
        const how = this.#provisioned.has(vm) ? 'up and provisioned' : 'up';
        return [`${good('✓')} ${vm} is ${how} in ${took}   ${dim(`vmctl ssh ${vm}`)}`];
      }
      case 'already-running':
        return [`${good('✓')} ${vm} is running already   ${dim(`vmctl ssh ${vm}`)}`];
      case 'updated':
        return [`${good('✓')} ${vm} is changed as it runs   ${dim(`vmctl ssh ${vm}`)}`];
      case 'created':
        return [`${good('✓')} ${vm} created in ${took}   ${dim(`vmctl start ${vm}`)}`];
      case 'started':
        return [`${good('✓')} ${vm} started in ${took}   ${dim(`vmctl wait ${vm}`)}`];
      case 'restarted':
        return [`${good('✓')} ${vm} restarted in ${took}   ${dim(`vmctl wait ${vm}`)}`];
      case 'suspended':
        return [`${good('✓')} ${vm} suspended   ${dim(`vmctl resume ${vm}`)}`];
      case 'already-suspended':
        return [`${good('✓')} ${vm} is suspended already   ${dim(`vmctl resume ${vm}`)}`];
      case 'resumed':
        return [`${good('✓')} ${vm} resumed`];
      case 'stopped':
        return [`${good('✓')} ${vm} stopped in ${took}`];
      case 'already-stopped':
        return [`${good('✓')} ${vm} was stopped already`];
      case 'running':
        return [`${good('✓')} ${vm} is running`];
      case 'ready':
        return [`${good('✓')} ${vm} is ready   ${dim(`vmctl ssh ${vm}`)}`];
      case 'provisioned':
        return this.#provisioned.has(vm)
          ? [`${good('✓')} ${vm} provisioned in ${took}`]
          : [`${good('✓')} ${vm}: no step had to run`];
      case 'destroyed':
        return [`${good('✓')} ${vm} destroyed`];
      case 'absent':
        return [`${good('✓')} ${vm} does not exist`];
      case 'blocked':
        return [`${warn('-')} ${vm} not started`, ...this.#error(result.error)];
      case 'interrupted':
        // What was not begun has nothing to tell.
        if (durationMs === 0) return [`${warn('-')} ${vm} interrupted before it began`];
        return [`${warn('-')} ${vm} interrupted`, ...this.#error(result.error)];
      case 'failed': {
        return [`${bad('✗')} ${this.#failure(result)}`, ...this.#error(result.error)];
      }
    }
  }

  /** `web failed in start after 1.2s` of a VM that did not come up, else `web: suspend failed`: the VM may be well. */
  #failure({ vm, stage, durationMs }: VmResult): string {
    const operation = this.#operation;
    const what = stage === undefined || operation === 'wait' ? `${vm}: ${operation} failed` : `${vm} failed`;
    const where = stage === undefined || operation === 'wait' ? '' : ` in ${STAGE_LABELS[stage]}`;
    const isRefused = stage === undefined && durationMs < REFUSED_WITHIN_MS;
    return `${what}${where}${isRefused ? '' : ` after ${formatDuration(durationMs)}`}`;
  }

  #error(error: ErrorReport | undefined): string[] {
    if (error === undefined) return [];
    const lines = [...this.#cleanLines(error.message), this.#style.dim(`[${error.code}]`)];
    if (error.hint !== undefined) lines.push(...this.#cleanLines(`Try: ${error.hint}`));
    return lines.map((line) => `    ${line}`);
  }

  #step({ index, count, name }: StepReference): string {
    return `${index}/${count} ${this.#rules.clean(name)}`;
  }

  /** Lines that a terminal does not tear inside words when they are indented by two. */
  #wrapped(text: string): string[] {
    const width = (this.#rules.columns() ?? Infinity) - 2;
    return this.#cleanLines(text).flatMap((line) => {
      if (width < LEAST_WRAP || widthOf(line) <= width) return [line];
      const indent = line.slice(0, line.length - line.trimStart().length);
      return wrapText(line, width - indent.length).map((part) => indent + part);
    });
  }

  #cleanLines(text: string): string[] {
    return text.split('\n').map((line) => this.#rules.clean(line));
  }
}

/** What a terminal would show of a line; carriage returns at its end overwrite nothing yet. */
function lastState(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end--;
  return line.slice(line.lastIndexOf('\r', end - 1) + 1);
}
