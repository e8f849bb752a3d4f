/** What a fake server can be told to do wrong. */
export const FAKE_STEPS = ['get', 'ensure', 'run', 'stop', 'reboot', 'monitor', 'history', 'serial'] as const;
/** One of {@link FAKE_STEPS}. */
export type FakeStep = (typeof FAKE_STEPS)[number];

/** How a step goes wrong. */
export interface FakeServerFault {
  /** Which time, from 1 on. Default: the first. */
  readonly nth?: number | undefined;
  /** How many times from then on. Default: once. */
  readonly times?: number | undefined;
  /**
   * `error`: an answer with `status`; `text`: the same with `body` as it is, which need not be JSON; `die`: the whole server
   * ends before it answers; `drop`: the connection is cut; `hang`: nothing is ever answered; `fail`: the VM goes into the
   * state Failed (of `run`). Default: `error`.
   */
  readonly kind?: 'error' | 'text' | 'die' | 'drop' | 'hang' | 'fail' | undefined;
  /** Default 500. */
  readonly status?: number | undefined;
  readonly body?: string | undefined;
  readonly errorCode?: string | undefined;
  /** What the answer says; of 5xx only the log has it. Default: `told to by the test`. */
  readonly message?: string | undefined;
}

/** Faults by step, counted. */
export class FaultList {
  readonly #faults: { readonly step: FakeStep; readonly fault: FakeServerFault }[] = [];
  readonly #counts = new Map<FakeStep, number>();

  add(step: FakeStep, fault: FakeServerFault): void {
    this.#faults.push({ step, fault: { ...fault, nth: (fault.nth ?? 1) + (this.#counts.get(step) ?? 0) } });
  }

  /** Counts a step, and says what goes wrong with it. */
  take(step: FakeStep): FakeServerFault | undefined {
    const count = (this.#counts.get(step) ?? 0) + 1;
    this.#counts.set(step, count);
    return this.#faults.find(({ step: of, fault: { nth = 1, times = 1 } }) => {
      return of === step && count >= nth && count < nth + times;
    })?.fault;
  }
}

/**
 * Reads a fault as another process gives it: a step and the fields of a fault.
 *
 * @throws SyntaxError for anything else
 */
export function readFault(value: unknown): FakeServerFault & { readonly step: FakeStep } {
  const step =
    typeof value === 'object' && value !== null && 'step' in value
      ? FAKE_STEPS.find((known) => known === value.step)
      : undefined;
  if (step === undefined) throw new SyntaxError(`a fault has one of the steps ${FAKE_STEPS.join(', ')}`);
  // Given by a test, which knows the fields.
  return value as FakeServerFault & { readonly step: FakeStep };
}
