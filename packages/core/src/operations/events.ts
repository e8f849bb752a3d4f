import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalEntry } from '../state/journal-entry.js';
import { JournalReader } from '../state/journal-reader.js';
import type { Runtime } from './runtime.js';
import { unknownVm } from './select-vms.js';
import { type Look, lookAtVms, StateWatch, type VmChanged } from './state-watch.js';

export type { JournalEntry } from '../state/journal-entry.js';
export type { VmChanged } from './state-watch.js';

/** What `vmctl events` tells: what commands do, and what happens without one. */
export type ObservedEvent = JournalEntry | VmChanged;

export interface EventsOptions {
  /** Only of these VMs; default: of all, also of those that come. */
  readonly names?: readonly string[] | undefined;
  /** Begin with those since then. Default: with what comes, or without `follow` with all that is kept. */
  readonly since?: Date | undefined;
  /** Go on with what comes, until the signal is aborted. Default true. */
  readonly follow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How soon an event of another process is seen. */
const POLL_MS = 200;
/** From one look at the VMs to the next; longer where a look takes long, so that looking is a small part of the time. */
const LOOK_MS = 1000;
const LOOK_SHARE = 10;

/**
 * Events of all commands of this user, as they happen, and while it follows also changes of state that no command has
 * made. It reads what others have written down, and looks at the VMs; it takes no lock.
 *
 * A VM that is not registered is warned of, and waited for.
 */
export async function* readEvents(
  runtime: Runtime,
  options: EventsOptions = {},
): AsyncGenerator<ObservedEvent> {
  const { names = [], since, follow = true } = options;
  const signal = options.signal ?? new AbortController().signal;
  await using reader = await JournalReader.open(runtime.dataDir, {
    history: since !== undefined || !follow,
  });
  await warnOfUnknown(runtime, names, follow);
  const wanted = (name: string): boolean => names.length === 0 || names.includes(name);
  const isRecent = ({ time }: ObservedEvent): boolean =>
    since === undefined || Date.parse(time) >= since.getTime();
  const watch = new StateWatch();
  for await (const entry of reader.read()) if (concerns(entry, names) && isRecent(entry)) yield entry;
  if (!follow) return;
  const looks = new Looks(runtime, watch, wanted, signal);
  try {
    while (await pause(signal)) {
      const look = looks.take();
      // What came before the look ended, and may explain it.
      for await (const entry of reader.read()) {
        watch.note(entry);
        if (concerns(entry, names)) yield entry;
      }
      if (look !== undefined) yield* watch.compare(look, new Date().toISOString());
    }
  } finally {
    await looks.end();
  }
}

/** Looks at the VMs again and again, beside the reading of the journal: a VM that hangs must not hold that up. */
class Looks {
  readonly #runtime: Runtime;
  readonly #watch: StateWatch;
  readonly #wanted: (name: string) => boolean;
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  #running: Promise<void> | undefined;
  #found: Look | undefined;
  #next = 0;

  constructor(runtime: Runtime, watch: StateWatch, wanted: (name: string) => boolean, signal: AbortSignal) {
    this.#runtime = runtime;
    this.#watch = watch;
    this.#wanted = wanted;
    this.#signal = AbortSignal.any([signal, this.#end.signal]);
  }

  /** The look that has ended since the last call; begins another one when it is time. */
  take(): Look | undefined {
    const found = this.#found;
    this.#found = undefined;
    if (found === undefined && this.#running === undefined && performance.now() >= this.#next) {
      this.#running = this.#look();
    }
    return found;
  }

  async end(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #look(): Promise<void> {
    const started = performance.now();
    try {
      this.#found = await lookAtVms(this.#runtime, {
        wanted: this.#wanted,
        known: this.#watch.names,
        signal: this.#signal,
      });
    } catch (error) {
      // A registry that cannot be read now can be read another time.
      this.#runtime.log.debug('the VMs cannot be looked at', error);
    }
    const took = performance.now() - started;
    this.#next = performance.now() + Math.max(LOOK_MS, took * LOOK_SHARE);
    this.#running = undefined;
  }
}

async function warnOfUnknown(runtime: Runtime, names: readonly string[], follow: boolean): Promise<void> {
  if (names.length === 0) return;
  const known = (await runtime.registry.list()).map(({ name }) => name);
  for (const name of names) {
    if (known.includes(name)) continue;
    const { code, message: found, hint } = unknownVm(name, known, runtime.dataDir.path);
    const message = follow ? `${found} Waiting for it.` : found;
    runtime.events.emit({ type: 'warning', vm: undefined, code, message, hint });
  }
}

/** Whether an event is about one of these VMs; without names every event is wanted. */
function concerns(entry: JournalEntry, names: readonly string[]): boolean {
  if (names.length === 0) return true;
  if (entry.type === 'run.started') return entry.vms.some((vm) => names.includes(vm));
  if (entry.type === 'run.finished') return entry.vms.some(({ vm }) => names.includes(vm));
  return 'vm' in entry && typeof entry.vm === 'string' && names.includes(entry.vm);
}

/** False when the signal was aborted. */
async function pause(signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(POLL_MS, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
