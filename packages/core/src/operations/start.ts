import { VmctlError } from '../errors/vmctl-error.js';
import type { VmOutcome } from '../events/events.js';
import type { HypervisorContext, VmHandle } from '../hypervisor/contract.js';
import { settleWorkDir } from '../state/work-dir.js';
import { eachRegisteredVm, type RegisteredVmsOptions } from './registered-vms.js';
import type { Runtime } from './runtime.js';
import { startAdvice } from './start-advice.js';
import type { OperationResult } from './operation-result.js';

/** Starts VMs with the settings that they have, and nothing more: no VMFile is read, no step runs. */
export async function start(runtime: Runtime, options: RegisteredVmsOptions): Promise<OperationResult> {
  return eachRegisteredVm(runtime, 'start', options, (handle, context) => startVm(runtime, handle, context));
}

/** Starts one VM; a running one is left alone, a suspended one goes on. Call under its lock. */
export async function startVm(
  runtime: Runtime,
  handle: VmHandle,
  context: HypervisorContext,
): Promise<VmOutcome> {
  const { router, registry } = runtime;
  const { name: state, detail } = await router.state(handle, context);
  if (state === 'running') return 'already-running';
  if (state === 'destroyed') throw gone(handle, detail);
  if (state === 'failed') await router.stop(handle, { timeoutMs: 0 }, context);
  // A command that was killed when it had made the VM may have left it marked as half made.
  await settleWorkDir(handle.work_dir);
  const isSuspended = state === 'suspended';
  const started = isSuspended ? await router.resume(handle, context) : await router.start(handle, context);
  await registry.update(handle.name, (current) => ({ ...current, ...started, booted: true }));
  return isSuspended ? 'resumed' : 'started';
}

function gone({ name }: VmHandle, detail: string | undefined): VmctlError {
  return new VmctlError('VMCTL_VM_WRONG_STATE', {
    message: `${name} cannot start: it is destroyed${detail === undefined ? '' : ` (${detail})`}.`,
    hint: `${startAdvice(name, 'destroyed')}.`,
    details: { vm: name, state: 'destroyed' },
  });
}
