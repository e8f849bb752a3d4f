import type { VmOutcome } from '../events/events.js';
import type { VmHandle, VmStateName } from '../hypervisor/contract.js';
import type { JournalEntry } from '../state/journal-entry.js';
import { vmLockHolder } from '../state/vm-lock.js';
import { mapConcurrently } from './concurrency.js';
import type { Runtime } from './runtime.js';

/** A VM whose state has changed without a command of vmctl: its guest powered off, its process died. */
export interface VmChanged {
  readonly type: 'vm.changed';
  /** When it was seen, ISO 8601. */
  readonly time: string;
  readonly vm: string;
  /** Null for a VM that was not there. */
  readonly from: VmStateName | null;
  /** `destroyed` for a VM that is not there any more. */
  readonly to: VmStateName;
  /** More for people. */
  readonly detail: string | null;
}

/** VMs are looked at this many at a time. */
const AT_ONCE = 16;

/**
 * How a command that ended like this has left its VM; `anyhow` when nobody can say. Outcomes that are not here say what was
 * found, and change nothing.
 */
const STATE_AFTER: Readonly<Partial<Record<VmOutcome, readonly VmStateName[] | 'anyhow'>>> = {
  up: ['running'],
  started: ['running'],
  restarted: ['running'],
  resumed: ['running'],
  suspended: ['suspended'],
  stopped: ['stopped', 'prepared'],
  destroyed: ['destroyed'],
  created: 'anyhow',
  failed: 'anyhow',
  interrupted: 'anyhow',
};

/** What one look has found. */
export interface Look {
  readonly vms: readonly {
    readonly name: string;
    readonly state: VmStateName;
    readonly detail: string | undefined;
    /** Whether a command works on it: then it changes because of that. */
    readonly isBusy: boolean;
  }[];
}

/**
 * Tells changes that nobody asked for from those that commands have made. A command holds the lock of its VM while it
 * changes it, and what has become of the VM is in the journal soon after. So a change counts when it is there in two looks
 * without a command at work, and the journal does not have it.
 */
export class StateWatch {
  /** By name, what a VM is known to be. */
  readonly #known = new Map<string, readonly VmStateName[] | 'anyhow'>();
  /** What the last look found, and the journal did not explain. */
  readonly #unexplained = new Map<string, VmStateName>();
  #isFirst = true;

  /** Learns from the journal; before {@link compare}, all that has come since. */
  note(entry: JournalEntry): void {
    // Who waits only looks.
    if (entry.type !== 'vm.finished' || entry.source.operation === 'wait') return;
    const after = STATE_AFTER[entry.outcome];
    if (after === undefined) return;
    this.#known.set(entry.vm, after);
    this.#unexplained.delete(entry.vm);
  }

  /** The changes that this look shows. */
  compare(look: Look, time: string): VmChanged[] {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return look.vms.flatMap(({ name, state, detail, isBusy }): VmChanged[] => {
      if (isBusy) {
        this.#unexplained.delete(name);
        return [];
      }
      const known = this.#known.get(name);
      const isAsKnown =
        known === undefined ? isFirst || state === 'destroyed' : known === 'anyhow' || known.includes(state);
      if (isAsKnown) {
        this.#settle(name, state);
        return [];
      }
      if (this.#unexplained.get(name) !== state) {
        this.#unexplained.set(name, state);
        return [];
      }
      this.#settle(name, state);
      const from = typeof known === 'object' ? (known[0] ?? null) : null;
      return [{ type: 'vm.changed', time, vm: name, from, to: state, detail: detail ?? null }];
    });
  }

  /** VMs that are known to be there, registered or not. */
  get names(): readonly string[] {
    return [...this.#known].filter(([, states]) => states[0] !== 'destroyed').map(([name]) => name);
  }

  #settle(name: string, state: VmStateName): void {
    this.#unexplained.delete(name);
    this.#known.set(name, [state]);
  }
}

/**
 * Looks at VMs: all that are registered, and those among `known` that are not any more. Those whose backend cannot be asked
 * are left out.
 */
export async function lookAtVms(
  runtime: Runtime,
  options: {
    readonly wanted: (name: string) => boolean;
    readonly known: readonly string[];
    readonly signal: AbortSignal;
  },
): Promise<Look> {
  const handles = new Map((await runtime.registry.list()).map((handle) => [handle.name, handle]));
  const names = [...new Set([...handles.keys(), ...options.known])].filter(options.wanted);
  const looks = await mapConcurrently(names, AT_ONCE, async (name) => {
    const state = await observe(runtime, handles.get(name), options.signal);
    if (state === undefined) return [];
    // After the look: whoever has changed it meanwhile still has the lock, or has told of it in the journal.
    const holder = await vmLockHolder(runtime.dataDir, name, runtime.processes);
    return [{ name, ...state, isBusy: holder !== undefined }];
  });
  return { vms: looks.flat() };
}

async function observe(
  runtime: Runtime,
  handle: VmHandle | undefined,
  signal: AbortSignal,
): Promise<{ readonly state: VmStateName; readonly detail: string | undefined } | undefined> {
  if (handle === undefined) return { state: 'destroyed', detail: undefined };
  try {
    const { name, detail } = await runtime.router.state(handle, runtime.hypervisorContext(signal));
    return { state: name, detail };
  } catch (error) {
    runtime.log.debug(`${handle.name} cannot be looked at`, error);
    return undefined;
  }
}
