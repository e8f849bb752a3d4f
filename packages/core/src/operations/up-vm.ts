import { reportError } from '../errors/error-report.js';
import { asError, VmctlError } from '../errors/vmctl-error.js';
import type { Stage, VmResult } from '../events/events.js';
import type { VmHandle, VmState } from '../hypervisor/contract.js';
import { runStages } from '../pipeline/pipeline.js';
import type { Milestone } from '../pipeline/scheduler.js';
import { provideServices, type StageServices } from '../pipeline/stage-services.js';
import type { UpHooks } from '../plugins/hooks.js';
import type { UpContext } from '../plugins/up-context.js';
import { lockVm } from '../state/vm-lock.js';
import { isHalfMade, removeWorkDir } from '../state/work-dir.js';
import type { VmDefinition } from '../vmfile/model.js';
import { forgetVm } from './forget-vm.js';
import type { Runtime } from './runtime.js';

export interface UpVmOptions {
  readonly runtime: Runtime;
  readonly services: StageServices;
  readonly hooks: UpHooks;
  readonly definition: VmDefinition;
  readonly baseDir: string;
  readonly provision: boolean;
  readonly wait: boolean;
  readonly signal: AbortSignal;
  readonly reached: (milestone: Milestone) => void;
}

/** Brings one VM up, under its lock. Never rejects for what goes wrong with the VM: that is the result. */
export async function upVm(options: UpVmOptions): Promise<VmResult> {
  const { runtime, definition, signal } = options;
  const vm = definition.name;
  const started = performance.now();
  const finish = (result: Ending): VmResult => {
    const whole = { vm, durationMs: performance.now() - started, ...result };
    runtime.events.emit({ type: 'vm.finished', ...whole });
    return whole;
  };
  return finish(await underLock(options).catch((error: unknown) => failure(error, signal)));
}

/** How it ended, without who and how long. */
type Ending = Pick<VmResult, 'outcome' | 'stage' | 'error'>;

function failure(error: unknown, signal: AbortSignal): Ending {
  return { outcome: signal.aborted ? 'interrupted' : 'failed', error: reportError(error) };
}

async function underLock(options: UpVmOptions): Promise<Ending> {
  const { runtime, definition, signal } = options;
  const vm = definition.name;
  const lock = await lockVm(runtime.dataDir, vm, {
    processes: runtime.processes,
    purpose: 'vmctl up',
    wait: options.wait,
    signal,
    onWait: (holder) => runtime.events.emit(waiting(vm, holder)),
  });
  try {
    return await upLocked(options);
  } finally {
    // A lock that cannot be released is free as soon as this process ends.
    await lock.release().catch((error: unknown) => runtime.log.debug('could not release', error));
  }
}

async function upLocked(options: UpVmOptions): Promise<Ending> {
  const { runtime, definition, signal } = options;
  let handle = await runtime.registry.get(definition.name);
  const state = handle === undefined ? undefined : await observe(runtime, handle, signal);
  if (handle !== undefined && state?.name === 'destroyed') {
    await forgetVm(runtime, handle);
    handle = undefined;
  }
  const stages = stagesFor(handle, state, options.provision);
  if (stages.length === 0) {
    return { outcome: 'already-running' };
  }
  // After --no-provision the next `up` still has the steps to run.
  const stepsAreLeft = !options.provision && definition.provision.length > 0;
  const workDir = handle?.work_dir ?? runtime.dataDir.workDir(definition.name);
  const ctx: UpContext = {
    definition,
    baseDir: options.baseDir,
    workDir,
    hypervisor: runtime.router,
    signal,
    events: runtime.events,
    log: runtime.log.child(definition.name),
    ...(handle === undefined ? {} : { handle }),
  };
  provideServices(ctx, options.services);
  try {
    await runStages(ctx, options.hooks, { stages, reached: options.reached });
    await runtime.registry.update(definition.name, (current) =>
      current === undefined ? undefined : { ...current, up_pending: stepsAreLeft },
    );
    return { outcome: 'up' };
  } catch (thrown) {
    // A VM that is not in the registry has nothing worth keeping: the next `up` makes it anew.
    if (ctx.handle === undefined && (await isHalfMade(workDir))) await removeWorkDir(workDir);
    const stage = ctx.failure?.stage;
    if (!signal.aborted) return { outcome: 'failed', stage, error: reportError(thrown) };
    return { outcome: 'interrupted', stage, error: reportError(await interrupted(runtime, ctx, thrown)) };
  } finally {
    await ctx.guest?.end().catch((error: unknown) => ctx.log.debug('could not end the session', error));
  }
}

/** A running VM is left alone, unless the `up` that started it never came to its end. */
function stagesFor(
  handle: VmHandle | undefined,
  state: VmState | undefined,
  provision: boolean,
): readonly Stage[] {
  const last: readonly Stage[] = provision ? ['ready', 'provision'] : ['ready'];
  if (state?.name === 'running') return handle?.up_pending === true ? last : [];
  // Its process has the settings that it was started with.
  if (state?.name === 'suspended') return ['start', ...last];
  return ['resolve', 'prepare', 'start', ...last];
}

async function observe(runtime: Runtime, handle: VmHandle, signal: AbortSignal): Promise<VmState> {
  return runtime.router.state(handle, runtime.hypervisorContext(signal));
}

/** Says what an interruption has left. */
async function interrupted(runtime: Runtime, ctx: UpContext, thrown: unknown): Promise<Error> {
  const { name } = ctx.definition;
  const stage = ctx.failure?.stage ?? 'start';
  const cause = asError(thrown);
  if (ctx.handle === undefined) {
    return new VmctlError('VMCTL_INTERRUPTED', {
      message: `Interrupted in the stage ${stage}; nothing of ${name} was kept.`,
      hint: '`vmctl up` starts it from the beginning; what was downloaded completely is in the cache.',
      cause,
    });
  }
  // The run's own signal is aborted; looking needs one that is not.
  const state = await observe(runtime, ctx.handle, AbortSignal.timeout(5000)).catch(() => undefined);
  const running = state?.name === 'running';
  return new VmctlError('VMCTL_INTERRUPTED', {
    message: running
      ? `Interrupted in the stage ${stage}; ${name} keeps running.`
      : `Interrupted in the stage ${stage}; the disk of ${name} was kept, it is ${state?.name ?? 'not running'}.`,
    hint: running
      ? `\`vmctl up\` goes on where it stopped, \`vmctl down\` stops it.`
      : `\`vmctl up\` goes on, \`vmctl destroy ${name}\` removes it.`,
    cause,
  });
}

function waiting(vm: string, holder: { readonly pid: number; readonly purpose: string }) {
  return {
    type: 'warning',
    vm,
    code: 'VMCTL_LOCKED',
    message: `Waiting: ${holder.purpose} (process ${holder.pid}) is working on ${vm}.`,
    hint: 'Use --no-wait to fail instead.',
  } as const;
}
