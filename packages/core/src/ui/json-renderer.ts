import type { VmctlEvent } from '../events/events.js';
import type { Output, Renderer } from './renderer.js';

/** One event, one line of JSON; the last one is `run.finished`. */
export class JsonRenderer implements Renderer {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  handle(event: VmctlEvent): void {
    this.#output.write(`${JSON.stringify(event)}\n`);
  }

  end(): void {}
}
