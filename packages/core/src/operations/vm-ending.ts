import { reportError } from '../errors/error-report.js';
import { asError, VmctlError } from '../errors/vmctl-error.js';
import type { VmOutcome } from '../events/events.js';
import type { UpContext } from '../plugins/up-context.js';
import { isHalfMade, removeWorkDir } from '../state/work-dir.js';
import type { VmRun } from './project-run.js';
import type { Runtime } from './runtime.js';
import { type Ending, observeVm } from './vm-run.js';

/**
 * Runs the stages of a VM that may not exist yet, and says how that ended. A VM that fails before it is in the registry
 * leaves nothing.
 */
export async function endingOf(
  { runtime, definition, signal }: VmRun,
  ctx: UpContext,
  options: {
    readonly work: () => Promise<void>;
    /** What it is when all went well. */
    readonly outcome: VmOutcome;
    /** Whether the next `up` still has something to do. */
    readonly isPending: boolean;
    /** The command that begins again when an interruption has left nothing. */
    readonly again: string;
    /** The command that goes on with what an interruption has left. */
    readonly goOn: string;
  },
): Promise<Ending> {
  try {
    await options.work();
    await runtime.registry.update(definition.name, (current) =>
      current === undefined ? undefined : { ...current, up_pending: options.isPending },
    );
    return { outcome: options.outcome };
  } catch (thrown) {
    // A VM that is not in the registry has nothing worth keeping: the next `up` makes it anew.
    if (ctx.handle === undefined && (await isHalfMade(ctx.workDir))) await removeWorkDir(ctx.workDir);
    const stage = ctx.failure?.stage;
    if (!signal.aborted) return { outcome: 'failed', stage, error: reportError(thrown) };
    const error = reportError(await interrupted(runtime, ctx, thrown, options));
    return { outcome: 'interrupted', stage, error };
  }
}

/** Says what an interruption has left. */
async function interrupted(
  runtime: Runtime,
  ctx: UpContext,
  thrown: unknown,
  { again, goOn }: { readonly again: string; readonly goOn: string },
): Promise<Error> {
  const { name } = ctx.definition;
  const stage = ctx.failure?.stage ?? 'start';
  const cause = asError(thrown);
  if (ctx.handle === undefined && (await runtime.registry.get(name)) !== undefined) {
    return new VmctlError('VMCTL_INTERRUPTED', {
      message: `Interrupted in the stage ${stage}; ${name} is as it was.`,
      hint: `\`${again}\` begins again.`,
      cause,
    });
  }
  if (ctx.handle === undefined) {
    return new VmctlError('VMCTL_INTERRUPTED', {
      message: `Interrupted in the stage ${stage}; nothing of ${name} was kept.`,
      hint: `\`${again}\` starts it from the beginning; what was downloaded completely is in the cache.`,
      cause,
    });
  }
  // The run's own signal is aborted; looking needs one that is not.
  const state = await observeVm(runtime, ctx.handle, AbortSignal.timeout(5000)).catch(() => undefined);
  const running = state?.name === 'running';
  return new VmctlError('VMCTL_INTERRUPTED', {
    message: running
      ? `Interrupted in the stage ${stage}; ${name} keeps running.`
      : `Interrupted in the stage ${stage}; the disk of ${name} was kept, it is ${state?.name ?? 'not running'}.`,
    hint: running
      ? `\`${goOn}\` goes on where it stopped, \`vmctl stop ${name}\` stops it.`
      : `\`${goOn}\` goes on, \`vmctl destroy ${name}\` removes it.`,
    cause,
  });
}
