import type { VmctlEvent } from '../events/events.js';
import { EventLines } from './event-lines.js';
import type { Output, Renderer } from './renderer.js';
import { styleFor } from './style.js';

/** Lines in the order they happen, for logs and pipes: nothing is ever overwritten. */
export class PlainRenderer implements Renderer {
  readonly #output: Output;
  readonly #lines: EventLines;

  constructor(output: Output) {
    this.#output = output;
    this.#lines = new EventLines(styleFor(output));
  }

  handle(event: VmctlEvent): void {
    const lines = this.#lines.lines(event);
    if (lines.length > 0) this.#output.write(`${lines.join('\n')}\n`);
  }

  end(): void {}
}
