import { EXIT } from '../errors/registry.js';
import type { OperationResult } from '../operations/operation-result.js';
import { outsidePlugins } from '../plugins/plugin-call.js';
import { chooseRenderer } from '../ui/choose-renderer.js';
import { pressureOf } from '../ui/stream-pressure.js';
import type { Vmctl } from '../vmctl.js';
import { BaseCommand } from './base-command.js';
import { collectBuffers } from './buffer-garbage.js';
import { Waiting } from './waiting.js';

/** A command that shows events while it works; with `--json` every event is a line of JSON on stdout. */
export abstract class StreamingCommand extends BaseCommand {
  #waiting: Waiting | undefined;

  /** Runs `work` with a renderer on the event stream, and sets the exit status from its result. */
  protected async stream(
    vmctl: Vmctl,
    work: (signal: AbortSignal) => Promise<OperationResult>,
  ): Promise<OperationResult> {
    this.handleInterrupts();
    const renderer = await chooseRenderer({ json: this.jsonEnabled(), output: process.stdout });
    const stopCollecting = collectBuffers();
    this.endWarnings();
    this.sayWaiting('finding out what there is to do');
    // Events of plugins come from within them, and what shows them writes to stdout for the command.
    const unsubscribe = vmctl.subscribe((event) => {
      this.endWaiting();
      outsidePlugins(() => renderer.handle(event));
    }, pressureOf(process.stdout));
    try {
      const result = await work(this.signal);
      if (this.signal.aborted) this.endWith(EXIT.interrupted);
      else if (!result.ok) this.endWith(EXIT.failure);
      return result;
    } finally {
      unsubscribe();
      stopCollecting();
      this.endWaiting();
      renderer.end();
    }
  }

  /** Says on a terminal what takes so long, until there are events. */
  protected sayWaiting(text: string): void {
    this.#waiting = new Waiting(text, { json: this.jsonEnabled() });
  }

  /** Frees the terminal for a question. */
  protected endWaiting(): void {
    this.#waiting?.end();
  }

  /** Without its reader, and on a full disk, the work goes on; its result is in the exit status. */
  protected override outputFailed(): void {}

  /** The events have said it; only an error that came before them gets a line of its own. */
  override logJson(json: unknown): void {
    if (typeof json === 'object' && json !== null && 'error' in json) {
      process.stdout.write(`${JSON.stringify({ type: 'error', ...json })}\n`);
    }
  }
}
