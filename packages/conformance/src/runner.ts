/** Runs one check. A third argument, as jest and vitest know it, is the check's time limit in milliseconds. */
type DefineTest = (name: string, run: () => Promise<void>, timeoutMs?: number) => unknown;

/**
 * What the kit needs of a test runner. `describe` and `it` of jest (`@jest/globals` or its globals), of `node:test` and
 * of vitest fit as they are:
 *
 * ```ts
 * import { describe, it } from 'node:test';
 * await hypervisorConformance({ describe, it }, subject);
 * ```
 */
export interface TestRunner {
  /** Groups the tests that `define` defines, at once. */
  describe(name: string, define: () => void): unknown;
  /** Defines a test; `skip` one that is shown and not run. */
  readonly it: DefineTest & { readonly skip: DefineTest };
}
