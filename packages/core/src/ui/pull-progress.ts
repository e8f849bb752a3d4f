import type { VmctlEvent } from '../events/events.js';
import { describeProgress } from './event-lines.js';
import { oneLine } from './terminal-text.js';

/** How far downloads are that belong to no VM: one line for each, on a terminal, replaced as they go on. */
export class PullProgress {
  readonly #show: (text: string) => void;
  readonly #lines = new Map<string, string>();

  /** @param show - replaces what it showed before */
  constructor(show: (text: string) => void) {
    this.#show = show;
  }

  handle(event: VmctlEvent): void {
    if (event.type !== 'progress' || event.vm !== undefined) return;
    this.#lines.set(event.subject, oneLine(describeProgress(event)));
    this.#show([...this.#lines.values()].join('\n'));
  }
}
