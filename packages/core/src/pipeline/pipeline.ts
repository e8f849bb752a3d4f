import { reportError } from '../errors/error-report.js';
import { asError } from '../errors/vmctl-error.js';
import { STAGES, type Stage } from '../events/events.js';
import { elapsedSince } from '../host/elapsed.js';
import type { UpHooks } from '../plugins/hooks.js';
import type { UpContext } from '../plugins/up-context.js';
import type { Milestone } from './scheduler.js';

/** What others may wait for, by the stage that brings it. */
const MILESTONE_OF: Readonly<Partial<Record<Stage, Milestone>>> = {
  start: 'started',
  ready: 'ready',
  provision: 'provisioned',
};

/** Takes one VM through the stages of `up`: each stage is one hook, with an event before and after. */
export async function runStages(
  ctx: UpContext,
  hooks: UpHooks,
  options: {
    /** Stages to run, in their own order. */
    readonly stages: readonly Stage[];
    readonly reached: (milestone: Milestone) => void;
    /** Done when the stage `prepare` begins, before its taps: its failure is that of the stage. */
    readonly beforePrepare?: (() => Promise<void>) | undefined;
  },
): Promise<void> {
  for (const stage of STAGES.filter((each) => options.stages.includes(each))) {
    await runStage(ctx, hooks, stage, stage === 'prepare' ? options.beforePrepare : undefined);
    const milestone = MILESTONE_OF[stage];
    if (milestone !== undefined) options.reached(milestone);
  }
  // A VM that is only made or started has not come up.
  if (options.stages.includes('ready')) await hooks.done.promise(ctx);
}

async function runStage(
  ctx: UpContext,
  hooks: UpHooks,
  stage: Stage,
  before: (() => Promise<void>) | undefined,
): Promise<void> {
  const vm = ctx.definition.name;
  const started = performance.now();
  const elapsed = (): number => elapsedSince(started);
  ctx.events.emit({ type: 'stage.started', vm, stage });
  ctx.detail = '';
  try {
    ctx.signal.throwIfAborted();
    await before?.();
    await hooks[stage].promise(ctx);
    ctx.signal.throwIfAborted();
  } catch (thrown) {
    const error = asError(thrown);
    ctx.failure = { stage, error };
    ctx.events.emit({
      type: 'stage.failed',
      vm,
      stage,
      error: reportError(error),
      durationMs: elapsed(),
    });
    await hooks.failed.promise(ctx);
    throw error;
  }
  ctx.events.emit({ type: 'stage.finished', vm, stage, detail: ctx.detail, durationMs: elapsed() });
}
