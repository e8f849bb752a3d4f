import { reportError } from '../errors/error-report.js';
import { VmctlError } from '../errors/vmctl-error.js';
import type { VmResult } from '../events/events.js';
import type { VmHandle } from '../hypervisor/contract.js';
import type { StepSelection } from '../provisioner/select-steps.js';
import type { VmRun } from './project-run.js';
import { warnOfOtherVmFile } from './plan/other-vmfile.js';
import { type Ending, observeVm, runVm, runVmStages, stageContext } from './vm-run.js';

/** Runs steps on one running VM, under its lock. Never rejects for what goes wrong with the VM: that is the result. */
export async function provisionVm(run: VmRun, steps: StepSelection): Promise<VmResult> {
  return runVm(run, 'provision', () => provisionLocked(run, steps));
}

async function provisionLocked(run: VmRun, steps: StepSelection): Promise<Ending> {
  const { runtime, definition, services, signal } = run;
  const handle = await runningVm(run);
  const owned = { handle, vmfile: services.vmfilePath };
  await warnOfOtherVmFile(runtime.events, owned, { takenOver: false });
  if (definition.provision.length === 0) return { outcome: 'provisioned' };
  const ctx = stageContext(run, handle.work_dir, handle);
  try {
    await runVmStages(run, ctx, {
      services: { ...services, steps },
      stages: ['ready', 'provision'],
    });
  } catch (error) {
    const outcome = signal.aborted ? 'interrupted' : 'failed';
    return { outcome, stage: ctx.failure?.stage, error: reportError(error) };
  }
  // All that an unfinished `up` had left to do is done.
  const isWhole = steps.only === undefined && steps.from === undefined;
  if (isWhole && handle.up_pending === true) {
    await runtime.registry.update(definition.name, (current) =>
      current === undefined ? undefined : { ...current, up_pending: false },
    );
  }
  return { outcome: 'provisioned' };
}

async function runningVm({ runtime, definition: { name }, signal }: VmRun): Promise<VmHandle> {
  const handle = await runtime.registry.get(name);
  const state = handle === undefined ? undefined : await observeVm(runtime, handle, signal);
  if (handle !== undefined && state?.name === 'running') return handle;
  throw new VmctlError('VMCTL_VM_NOT_RUNNING', {
    message:
      handle === undefined
        ? `${name} does not exist yet; only a running VM can be provisioned.`
        : `${name} is ${state?.name ?? 'gone'}; only a running VM can be provisioned.`,
    hint:
      state?.name === 'suspended'
        ? `Let it go on: vmctl resume ${name}`
        : `Bring it up, which runs its steps as well: vmctl up ${name}`,
    details: { vm: name, state: state?.name },
  });
}
