import type { VmctlEvent } from '../events/events.js';
import { EventLines } from './event-lines.js';
import { LiveRegion, type ResizableOutput } from './live-region.js';
import { liveRows } from './live-rows.js';
import type { Renderer } from './renderer.js';
import { RunState } from './run-state.js';
import { styleFor } from './style.js';
import { printedLine } from './terminal-text.js';

/** The live view: finished lines scroll up, below them one line for every VM that is being worked on. */
export class TerminalRenderer implements Renderer {
  readonly #lines: EventLines;
  readonly #output: ResizableOutput;
  readonly #state = new RunState();
  readonly #now: () => number;
  #region: LiveRegion | undefined;
  #ended = false;

  /** @param now - milliseconds, from anywhere */
  constructor(output: ResizableOutput, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
    this.#lines = new EventLines(styleFor(output), {
      columns: () => output.columns,
      clean: printedLine,
    });
  }

  handle(event: VmctlEvent): void {
    this.#state.apply(event, this.#now());
    const lines = this.#lines.lines(event);
    if (this.#ended) this.#writePlainly(lines);
    else this.#live().print(lines);
    if (event.type === 'run.finished') this.end();
  }

  end(): void {
    this.#ended = true;
    this.#region?.end();
  }

  /** What comes when the view has ended: nothing is lost. */
  #writePlainly(lines: readonly string[]): void {
    if (lines.length > 0) this.#output.write(`${lines.join('\n')}\n`);
  }

  #live(): LiveRegion {
    const style = styleFor(this.#output);
    let frame = 0;
    this.#region ??= new LiveRegion({
      output: this.#output,
      draw: (size) => liveRows(this.#state, { ...size, now: this.#now(), frame: frame++ }, style),
    });
    return this.#region;
  }
}
