import type { TestRunner } from '../../src/runner.ts';

/** What became of one check. */
export type Verdict =
  { readonly status: 'passed' | 'skipped' } | { readonly status: 'failed'; readonly error: unknown };

/** A runner that remembers what is defined, and runs it when it is asked to. */
export class RecordingRunner implements TestRunner {
  readonly skipped: string[] = [];
  readonly headings: string[] = [];
  readonly it: TestRunner['it'];
  readonly #tests = new Map<string, () => Promise<void>>();

  constructor() {
    const define = (name: string, run: () => Promise<void>): void => void this.#tests.set(idOf(name), run);
    this.it = Object.assign(define, { skip: (name: string): void => void this.skipped.push(name) });
  }

  readonly describe = (name: string, define: () => void): void => {
    this.headings.push(name);
    define();
  };

  /** Checks that are not skipped, in their order. */
  get ids(): readonly string[] {
    return [...this.#tests.keys()];
  }

  get skippedIds(): readonly string[] {
    return this.skipped.map(idOf);
  }

  /** Runs one check. */
  async run(id: string): Promise<Verdict> {
    const test = this.#tests.get(id);
    if (test === undefined) return { status: 'skipped' };
    try {
      await test();
      return { status: 'passed' };
    } catch (error) {
      return { status: 'failed', error };
    }
  }
}

/** The name of a test begins with the id of its check. */
function idOf(name: string): string {
  return name.slice(0, name.indexOf(':'));
}
