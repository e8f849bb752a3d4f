import type { Stage, VmctlEvent } from '../events/events.js';
import { describeProgress, EventLines } from './event-lines.js';
import type { Output, Renderer } from './renderer.js';
import { styleFor } from './style.js';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/** What a VM is doing. */
interface Activity {
  readonly stage: Stage;
  readonly since: number;
  detail: string;
}

/** Redraws the lines at the bottom of the screen; log-update's shape. */
export interface LiveRegion {
  (text: string): void;
  clear(): void;
  done(): void;
}

/** The live view: finished lines scroll up, below them one line for every VM that is being worked on. */
export class TerminalRenderer implements Renderer {
  readonly #output: Output;
  readonly #region: LiveRegion;
  readonly #lines: EventLines;
  readonly #active = new Map<string, Activity>();
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  constructor(output: Output, region: LiveRegion) {
    this.#output = output;
    this.#region = region;
    this.#lines = new EventLines(styleFor(output));
  }

  handle(event: VmctlEvent): void {
    this.#follow(event);
    const lines = this.#lines.lines(event);
    if (lines.length === 0) return;
    this.#region.clear();
    this.#output.write(`${lines.join('\n')}\n`);
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#active.clear();
    this.#region.clear();
    this.#region.done();
  }

  #follow(event: VmctlEvent): void {
    switch (event.type) {
      case 'run.started':
        this.#timer ??= setInterval(() => {
          this.#frame = (this.#frame + 1) % FRAMES.length;
          this.#draw();
        }, FRAME_MS);
        break;
      case 'stage.started':
        this.#active.set(event.vm, { stage: event.stage, since: performance.now(), detail: '' });
        break;
      case 'check.started':
        this.#note(event.vm, `waiting for ${event.check}`);
        break;
      case 'progress':
        if (event.vm !== undefined) this.#note(event.vm, describeProgress(event));
        break;
      case 'step.started':
        this.#note(event.vm, `${event.step.index}/${event.step.count} ${event.step.name}`);
        break;
      case 'stage.finished':
      case 'stage.failed':
      case 'vm.finished':
        this.#active.delete(event.vm);
        break;
      case 'run.finished':
        this.end();
        break;
      default:
    }
  }

  #note(vm: string, detail: string): void {
    const activity = this.#active.get(vm);
    if (activity !== undefined) activity.detail = detail;
  }

  #draw(): void {
    if (this.#timer === undefined) return;
    // One row stays free, or the terminal would scroll with every frame.
    const room = Math.max(1, (this.#output.rows ?? 24) - 2);
    const now = performance.now();
    const frame = FRAMES[this.#frame] ?? ' ';
    const shown = [...this.#active].slice(0, room);
    const rows = shown.map(([vm, { stage, since, detail }]) =>
      this.#lines.activity(vm, stage, detail, now - since).replace(/^ /, frame),
    );
    const hidden = this.#active.size - shown.length;
    if (hidden > 0) rows.push(`  … and ${hidden} more`);
    this.#region(rows.join('\n'));
  }
}
