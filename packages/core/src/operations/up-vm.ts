import type { Stage, VmResult } from '../events/events.js';
import type { VmHandle, VmState } from '../hypervisor/contract.js';
import { destroyVm } from './destroy.js';
import { forgetVm } from './forget-vm.js';
import type { VmRun } from './project-run.js';
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
  const workDir = handle?.work_dir ?? runtime.dataDir.workDir(name);
  const ctx = stageContext(run, workDir, handle);
  return endingOf(run, ctx, {
    outcome: 'up',
    // After --no-provision the next `up` still has the steps to run.
    isPending: !options.provision && definition.provision.length > 0,
    again: `vmctl ${options.purpose}`,
    goOn: 'vmctl up',
    work: () =>
      runVmStages(run, ctx, {
        services,
        stages,
        // Not before: files and images of the VMFile that cannot be had leave the VM as it is.
        beforePrepare: async () => {
          if (old !== undefined) await destroyVm(runtime, old, name, signal);
        },
      }),
  });
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
