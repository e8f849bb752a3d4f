import { isLive } from '../ui/live-output.js';
import type { LiveStatus } from '../ui/live-status.js';
import type { TransferReport } from '../ui/transfer-lines.js';

/** A wait that is over sooner than this needs no words. */
const DELAY_MS = 700;

/** Says on a terminal, on stderr, what a command waits for, once that takes a moment; else nothing, nowhere. */
export class Waiting implements Disposable {
  readonly #began = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;
  /** What was reported before there was something to show it. */
  readonly #early = new Map<string, TransferReport>();
  #text: string;
  #status: LiveStatus | undefined;
  #ended = false;

  /** @param text - `connecting to web` */
  constructor(text: string, options: { readonly json: boolean }) {
    this.#text = text;
    if (options.json || !isLive(process.stderr)) return;
    this.#timer = setTimeout(() => void this.#show(), DELAY_MS);
    this.#timer.unref();
  }

  say(text: string): void {
    this.#text = text;
    this.#status?.say(text);
  }

  transfer(report: TransferReport): void {
    if (this.#status === undefined) this.#early.set(report.subject, report);
    else this.#status.transfer(report);
  }

  /** What follows may be written to the terminal. Idempotent. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#status?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.end();
  }

  async #show(): Promise<void> {
    // A command that is done at once loads nothing of it.
    const { LiveStatus } = await import('../ui/live-status.js');
    if (this.#ended) return;
    this.#status = new LiveStatus(process.stderr, this.#text, this.#began);
    for (const report of this.#early.values()) this.#status.transfer(report);
    this.#early.clear();
  }
}
