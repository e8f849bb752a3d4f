import type { VmResult } from '../events/events.js';
import type { VmHandle } from '../hypervisor/contract.js';
import { newForwards, newLogin } from '../pipeline/new-settings.js';
import { destroyVm } from './destroy.js';
import { forgetVm } from './forget-vm.js';
import { warnOfLeftOver } from './plan/left-over.js';
import { refuseOtherVmFile, warnOfOtherVmFile } from './plan/other-vmfile.js';
import { planOf } from './plan/plan-of.js';
import { type StepJudging, stepsLeft } from './plan/steps.js';
import type { VmPlan } from './plan/vm-plan.js';
import type { VmRun } from './project-run.js';
import type { Runtime } from './runtime.js';
import { endingOf } from './vm-ending.js';
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
  const { provision } = options;
  let handle = await runtime.registry.get(name);
  const state = handle === undefined ? undefined : await observeVm(runtime, handle, signal);
  if (handle !== undefined && state?.name === 'destroyed') {
    await forgetVm(runtime, handle);
    handle = undefined;
  }
  if (handle !== undefined) {
    const owned = { handle, vmfile: services.vmfilePath };
    // `reload` does not remove the disk of such a one.
    if (options.anew) await refuseOtherVmFile(owned);
    else await warnOfOtherVmFile(runtime.events, owned, { takenOver: true });
  }
  const old = options.anew ? handle : undefined;
  if (old !== undefined) handle = undefined;
  const plan = await planOf(runtime, {
    definition,
    handle,
    state,
    vmfile: services.vmfilePath,
    provision,
  });
  if (handle !== undefined) handle = await changeNow(run, handle, plan);
  if (plan.stages.length === 0) {
    const steps = handle === undefined || !provision ? [] : await stepsLeft(judging(run), handle);
    warnOfLeftOver(runtime.events, name, plan.changes, steps);
    return { outcome: plan.action === 'update' ? 'updated' : 'already-running' };
  }
  warnOfLeftOver(runtime.events, name, plan.changes, []);
  // The stage `prepare` writes that down for the others. Until the end the next `up` has something to go on with.
  if (handle !== undefined && plan.action === 'resume')
    handle = await save(runtime, { ...handle, up_pending: true });
  const workDir = handle?.work_dir ?? runtime.dataDir.workDir(name);
  const ctx = stageContext(run, workDir, handle);
  return endingOf(run, ctx, {
    outcome: 'up',
    // After --no-provision the next `up` still has the steps to run.
    isPending: !provision && definition.provision.length > 0,
    again: `vmctl ${options.purpose}`,
    goOn: 'vmctl up',
    work: () =>
      runVmStages(run, ctx, {
        services,
        stages: plan.stages,
        // Not before: files and images of the VMFile that cannot be had leave the VM as it is.
        beforePrepare: async () => {
          if (old !== undefined) await destroyVm(runtime, old, name, signal);
        },
      }),
  });
}

/** Changes what can be changed while the VM runs. */
async function changeNow(run: VmRun, handle: VmHandle, { changes }: VmPlan): Promise<VmHandle> {
  const { runtime, definition, services, signal } = run;
  const now = changes.filter(({ effect }) => effect === 'now');
  if (now.length === 0) return handle;
  let changed: VmHandle = {
    ...handle,
    vmfile: services.vmfilePath ?? null,
    ...(await newLogin(handle, definition, services)),
  };
  if (now.some(({ setting }) => setting === 'forward')) {
    const { forwards, added_forwards: added } = await newForwards(handle, definition, services);
    const context = runtime.hypervisorContext(signal);
    changed = { ...(await runtime.router.setForwards(changed, forwards, context)), added_forwards: added };
  }
  return save(runtime, changed);
}

async function save(runtime: Runtime, handle: VmHandle): Promise<VmHandle> {
  await runtime.registry.update(handle.name, (current) => ({ ...current, ...handle }));
  return handle;
}

function judging({ services, definition, baseDir, signal }: VmRun): StepJudging {
  return {
    steps: definition.provision,
    provisioners: (type) => services.plugins.provisioner(type),
    baseDir,
    signal,
  };
}
