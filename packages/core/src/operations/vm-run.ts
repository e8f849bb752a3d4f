import { reportError } from '../errors/error-report.js';
import type { Stage, VmResult } from '../events/events.js';
import { elapsedSince } from '../host/elapsed.js';
import type { VmHandle, VmState } from '../hypervisor/contract.js';
import { runStages } from '../pipeline/pipeline.js';
import { provideServices, type StageServices } from '../pipeline/stage-services.js';
import type { UpContext } from '../plugins/up-context.js';
import type { VmRun } from './project-run.js';
import type { Runtime } from './runtime.js';
import { underVmLock } from './under-vm-lock.js';

/** How it ended, without who and how long. */
export type Ending = Pick<VmResult, 'outcome' | 'stage' | 'error'>;

/**
 * Works on one VM under its lock. Never rejects for what goes wrong with the VM: that is the result.
 *
 * @param purpose - the operation, for whoever waits for the lock
 */
export async function runVm(run: VmRun, purpose: string, work: () => Promise<Ending>): Promise<VmResult> {
  const { runtime, signal } = run;
  const vm = run.definition.name;
  const started = performance.now();
  runtime.events.emit({ type: 'vm.started', vm });
  const ending = await underVmLock(runtime, vm, { operation: purpose, wait: run.wait, signal }, work).catch(
    (error: unknown): Ending => ({
      outcome: signal.aborted ? 'interrupted' : 'failed',
      error: reportError(error),
    }),
  );
  const result = { vm, durationMs: elapsedSince(started), ...ending };
  runtime.events.emit({ type: 'vm.finished', ...result });
  return result;
}

/** What the stages of one run know of its VM. */
export function stageContext(
  { runtime, definition, baseDir, signal }: VmRun,
  workDir: string,
  handle: VmHandle | undefined,
): UpContext {
  return {
    definition,
    baseDir,
    workDir,
    hypervisor: runtime.router,
    signal,
    events: runtime.events,
    log: runtime.log.child(definition.name),
    ...(handle === undefined ? {} : { handle }),
  };
}

/** Runs stages, and ends the guest's session whatever happens. */
export async function runVmStages(
  { hooks, reached }: VmRun,
  ctx: UpContext,
  options: {
    readonly services: StageServices;
    readonly stages: readonly Stage[];
    /** Done when the stage `prepare` begins: its failure is that of the stage. */
    readonly beforePrepare?: (() => Promise<void>) | undefined;
  },
): Promise<void> {
  const { services, stages, beforePrepare } = options;
  provideServices(ctx, services);
  try {
    await runStages(ctx, hooks, { stages, reached, beforePrepare });
  } finally {
    await ctx.guest?.end().catch((error: unknown) => ctx.log.debug('could not end the session', error));
  }
}

export async function observeVm(runtime: Runtime, handle: VmHandle, signal: AbortSignal): Promise<VmState> {
  return runtime.router.state(handle, runtime.hypervisorContext(signal));
}
