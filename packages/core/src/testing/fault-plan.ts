import { VmctlError } from '../errors/vmctl-error.js';

/** How a call that shall go wrong does so. */
export interface FakeFault {
  /** Which call of the method, counted from 1 from the beginning. Default: the next one. */
  readonly nth?: number | undefined;
  /** What it rejects with. Default: an error with the code FAKE_FAULT. */
  readonly error?: Error | undefined;
  /**
   * `before` (default): nothing of the work is done. `after`: all of it is done, and then the call fails, as when an
   * answer gets lost.
   */
  readonly when?: 'before' | 'after' | undefined;
}

interface Planned {
  readonly how: 'fail' | 'hang';
  readonly when: 'before' | 'after';
  readonly error: Error;
}

/** Which calls of a fake go wrong. */
export class FaultPlan<Method extends string> {
  readonly #counts = new Map<Method, number>();
  readonly #planned = new Map<string, Planned>();

  add(how: 'fail' | 'hang', method: Method, { nth, error, when = 'before' }: FakeFault): void {
    const count = nth ?? (this.#counts.get(method) ?? 0) + 1;
    this.#planned.set(`${method} ${count}`, {
      how,
      when,
      error:
        error ??
        new VmctlError('FAKE_FAULT', { message: `${method} failed: call ${count} was told to by the test.` }),
    });
  }

  /** Does the work as the plan has it for this call. A call that hangs ends with the reason of the abort. */
  async run<T>(method: Method, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const count = (this.#counts.get(method) ?? 0) + 1;
    this.#counts.set(method, count);
    const fault = this.#planned.get(`${method} ${count}`);
    if (fault?.when === 'before') await goWrong(fault, signal);
    const result = await work();
    if (fault?.when === 'after') await goWrong(fault, signal);
    return result;
  }
}

async function goWrong({ how, error }: Planned, signal: AbortSignal | undefined): Promise<never> {
  if (how === 'fail') throw error;
  return new Promise((_, reject) => {
    const end = (): void => reject(signal?.reason);
    if (signal?.aborted === true) end();
    else signal?.addEventListener('abort', end, { once: true });
  });
}
