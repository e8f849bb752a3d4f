import type { TestRunner } from './runner.js';

/** One thing that the contract asks for. */
export interface Check<Facts, Lab> {
  /** Stable: `stop-is-idempotent`. Reports, skip lists and the documentation name checks by it. */
  readonly id: string;
  /** What holds, as a sentence. */
  readonly title: string;
  /** Why it cannot be asked of this subject; undefined when it can. */
  readonly skip?: (facts: Facts) => string | undefined;
  /** Rejects when it does not hold. */
  run(lab: Lab): Promise<void>;
}

/** A check as data, for those who list them. */
export interface CheckDescription {
  readonly id: string;
  readonly title: string;
}

/** Where a check works; it frees everything at the end, and says when something is left. */
export interface CheckLab {
  close(): Promise<void>;
}

/** Defines one test a check. */
export function defineChecks<Facts, Lab extends CheckLab>(
  runner: TestRunner,
  options: {
    readonly heading: string;
    readonly checks: readonly Check<Facts, Lab>[];
    readonly facts: Facts;
    readonly openLab: () => Promise<Lab>;
    /** For the runner, in milliseconds; every wait of a check ends before. */
    readonly timeoutMs: number;
  },
): void {
  const { heading, checks, facts, openLab, timeoutMs } = options;
  runner.describe(heading, () => {
    for (const check of checks) {
      const name = `${check.id}: ${check.title}`;
      const reason = check.skip?.(facts);
      if (reason === undefined) runner.it(name, () => runCheck(check, openLab), timeoutMs);
      else runner.it.skip(`${name} (skipped: ${reason})`, async () => undefined, timeoutMs);
    }
  });
}

/** The check as data. */
export function describeCheck({ id, title }: CheckDescription): CheckDescription {
  return { id, title };
}

async function runCheck<Facts, Lab extends CheckLab>(
  check: Check<Facts, Lab>,
  openLab: () => Promise<Lab>,
): Promise<void> {
  const lab = await openLab();
  try {
    await check.run(lab);
  } catch (error) {
    // What is left behind after a failure says less than the failure.
    await lab.close().catch(() => undefined);
    throw error;
  }
  await lab.close();
}
