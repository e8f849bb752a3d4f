import type { ErrorReport, VmctlEvent } from '../events/events.js';
import type { Logger } from '../host/logger.js';
import type { ProcessTable } from '../host/process-contract.js';
import type { DataDir } from './data-dir.js';
import type { EventSource } from './journal-entry.js';

export interface EventJournalOptions {
  readonly dataDir: DataDir;
  readonly processes: ProcessTable;
  readonly log: Logger;
}

/** Events that came before the first run: a plugin that was installed for it. */
const MOST_HELD = 100;
/** Lines that wait while the disk does not answer. */
const MOST_WAITING = 10_000;
/** How long the end of a run waits for a disk that does not answer. */
const FLUSH_LIMIT_MS = 2_000;
/** Characters of an error's message. */
const MESSAGE_LIMIT = 4096;

/**
 * Writes down what the runs of this process do, for `vmctl events` of others. Nothing is touched before a run begins, and
 * nothing of those that only look, so commands that change nothing write nothing. Writing goes on beside the work, in order, and its failures are nobody's.
 */
export class EventJournal {
  readonly #options: EventJournalOptions;
  readonly #held: VmctlEvent[] = [];
  readonly #waiting: string[] = [];
  #source: EventSource | undefined;
  #draining: Promise<void> | undefined;

  constructor(options: EventJournalOptions) {
    this.#options = options;
  }

  /** Takes an event; never throws, never waits. */
  readonly handle = (event: VmctlEvent, { looks }: { readonly looks: boolean } = { looks: false }): void => {
    if (looks) return;
    if (event.type === 'run.started') {
      this.#source = { pid: process.pid, operation: event.operation };
      for (const before of this.#held.splice(0)) this.#write(before, this.#source);
    }
    if (this.#source !== undefined) this.#write(event, this.#source);
    else if (isKept(event) && this.#held.length < MOST_HELD) this.#held.push(event);
  };

  /** Resolves when all that was taken is written, or cannot be; at the latest after two seconds. */
  async settled(): Promise<void> {
    if (this.#draining === undefined) return;
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, FLUSH_LIMIT_MS);
    try {
      await Promise.race([this.#draining, limit.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #write(event: VmctlEvent, source: EventSource): void {
    if (!isKept(event) || this.#waiting.length >= MOST_WAITING) return;
    const { time, type, ...rest } = brief(event);
    this.#waiting.push(`${JSON.stringify({ time, type, ...rest, source })}\n`);
    this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // What is emitted in one turn shares a write.
    await Promise.resolve();
    const { dataDir, processes, log } = this.#options;
    while (this.#waiting.length > 0) {
      const text = this.#waiting.splice(0).join('');
      try {
        const { appendToJournal } = await import('./journal-file.js');
        await appendToJournal(text, { dataDir, processes });
      } catch (error) {
        // A full disk or a directory that cannot be written must not fail the work.
        log.debug('events were not written down', error);
      }
    }
    this.#draining = undefined;
  }
}

/** What a step prints is in provision.log, and progress is stale when somebody reads it. */
function isKept({ type }: VmctlEvent): boolean {
  return type !== 'step.output' && type !== 'progress' && type !== 'check.started' && type !== 'check.passed';
}

/** An event without what would make lines long: causes, and what `vm.finished` has said already. */
function brief(event: VmctlEvent): VmctlEvent {
  if (event.type === 'run.finished') {
    return { ...event, vms: event.vms.map(({ error: _, ...result }) => result) };
  }
  if ('error' in event && event.error !== undefined) return { ...event, error: briefError(event.error) };
  return event;
}

function briefError({ code, message, hint }: ErrorReport): ErrorReport {
  return { code, message: message.slice(0, MESSAGE_LIMIT), hint };
}
