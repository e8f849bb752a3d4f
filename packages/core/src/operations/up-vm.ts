import { reportError } from '../errors/error-report.js';
import { asError, VmctlError } from '../errors/vmctl-error.js';
import type { Stage, VmResult } from '../events/events.js';
import type { VmHandle, VmState } from '../hypervisor/contract.js';
import type { UpContext } from '../plugins/up-context.js';
import { isHalfMade, removeWorkDir } from '../state/work-dir.js';
import { destroyVm } from './destroy.js';
import { forgetVm } from './forget-vm.js';
import type { VmRun } from './project-run.js';
import type { Runtime } from './runtime.js';
import { type Ending, observeVm, runVm, runVmStages, stageContext } from './vm-run.js';

export interface UpVmOptions {
  /** The operation, for whoever waits for the lock. */
  readonly purpose: 'up' | 'reload';
  readonly provision: boolean;
  /** Destroy the VM, if there is one, before it is made. */
  readonly anew: boolean;
}

/** Brings one VM up, under its lock. Never rejects for what goes wrong with the VM: that is the result. */
export async function upVm(run: VmRun, options: UpVmOptions): Promise<VmResult> {
  return runVm(run, options.purpose, () => upLocked(run, options));
}

async function upLocked(run: VmRun, options: UpVmOptions): Promise<Ending> {
  const { runtime, definition, services, signal } = run;
  const { name } = definition;
  let handle = await runtime.registry.get(name);
  const state = handle === undefined ? undefined : await observeVm(runtime, handle, signal);
  if (handle !== undefined && state?.name === 'destroyed') {
    await forgetVm(runtime, handle);
    handle = undefined;
  }
  const old = options.anew ? handle : undefined;
  if (old !== undefined) handle = undefined;
  const stages = stagesFor(handle, old === undefined ? state : undefined, options.provision);
  if (stages.length === 0) {
    return { outcome: 'already-running' };
  }
  // After --no-provision the next `up` still has the steps to run.
  const stepsAreLeft = !options.provision && definition.provision.length > 0;
  const workDir = handle?.work_dir ?? runtime.dataDir.workDir(name);
  const ctx = stageContext(run, workDir, handle);
  try {
    await runVmStages(run, ctx, {
      services,
      stages,
      // Not before: files and images of the VMFile that cannot be had leave the VM as it is.
      beforePrepare: async () => {
        if (old !== undefined) await destroyVm(runtime, old, name, signal);
      },
    });
    await runtime.registry.update(name, (current) =>
      current === undefined ? undefined : { ...current, up_pending: stepsAreLeft },
    );
    return { outcome: 'up' };
  } catch (thrown) {
    // A VM that is not in the registry has nothing worth keeping: the next `up` makes it anew.
    if (ctx.handle === undefined && (await isHalfMade(workDir))) await removeWorkDir(workDir);
    const stage = ctx.failure?.stage;
    if (!signal.aborted) return { outcome: 'failed', stage, error: reportError(thrown) };
    return { outcome: 'interrupted', stage, error: reportError(await interrupted(runtime, ctx, thrown)) };
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

/** Says what an interruption has left. */
async function interrupted(runtime: Runtime, ctx: UpContext, thrown: unknown): Promise<Error> {
  const { name } = ctx.definition;
  const stage = ctx.failure?.stage ?? 'start';
  const cause = asError(thrown);
  if (ctx.handle === undefined && (await runtime.registry.get(name)) !== undefined) {
    return new VmctlError('VMCTL_INTERRUPTED', {
      message: `Interrupted in the stage ${stage}; ${name} is as it was.`,
      hint: `\`vmctl reload --name ${name}\` makes it anew.`,
      cause,
    });
  }
  if (ctx.handle === undefined) {
    return new VmctlError('VMCTL_INTERRUPTED', {
      message: `Interrupted in the stage ${stage}; nothing of ${name} was kept.`,
      hint: '`vmctl up` starts it from the beginning; what was downloaded completely is in the cache.',
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
      ? `\`vmctl up\` goes on where it stopped, \`vmctl down\` stops it.`
      : `\`vmctl up\` goes on, \`vmctl destroy ${name}\` removes it.`,
    cause,
  });
}
