import type { HypervisorContext } from '@vmctl/core/plugin';
import type { MemoryBackend } from '../support/memory-backend.ts';
import type { MemoryFactory } from '../support/memory-subject.ts';

/** A backend with one defect, and the check that has to find it. */
export interface HypervisorDefect {
  /** Goes on after "a backend that". */
  readonly name: string;
  readonly check: string;
  /** What the failure says. */
  readonly says: RegExp;
  readonly create: MemoryFactory;
  /** For one that hangs: how soon that is found out. */
  readonly callMs?: number;
}

type BackendClass = new (...args: ConstructorParameters<typeof MemoryBackend>) => MemoryBackend;
/** The options of `stop`. */
export type Stop = { readonly timeoutMs: number };

/** A defect that a class has. */
export const defect = (
  name: string,
  check: string,
  says: RegExp,
  Backend: BackendClass,
): HypervisorDefect => ({
  name,
  check,
  says,
  create: (host, engine) => new Backend(host, engine),
});

/** A defect that makes the backend hang, which is found out in two seconds. */
export const hanging = (...made: Parameters<typeof defect>): HypervisorDefect => ({
  ...defect(...made),
  callMs: 2_000,
});

/** A signal that nobody aborts. */
export const deaf = (ctx: HypervisorContext): HypervisorContext => ({
  ...ctx,
  signal: new AbortController().signal,
});
