import type { VmOutcome } from '../events/events.js';
import type { VmHandle } from '../hypervisor/contract.js';
import { eachRegisteredVm, type RegisteredVmsOptions } from './registered-vms.js';
import type { Runtime } from './runtime.js';
import type { OperationResult } from './operation-result.js';

/** Freezes running VMs. They keep their memory, and their processes. */
export async function suspend(runtime: Runtime, options: RegisteredVmsOptions): Promise<OperationResult> {
  const { router } = runtime;
  return eachRegisteredVm(runtime, 'suspend', options, async (handle, context) => {
    if ((await router.state(handle, context)).name === 'suspended') return 'already-suspended';
    return keep(runtime, await router.suspend(handle, context), 'suspended');
  });
}

/** Lets suspended VMs go on. */
export async function resume(runtime: Runtime, options: RegisteredVmsOptions): Promise<OperationResult> {
  const { router } = runtime;
  return eachRegisteredVm(runtime, 'resume', options, async (handle, context) => {
    if ((await router.state(handle, context)).name === 'running') return 'already-running';
    return keep(runtime, await router.resume(handle, context), 'resumed');
  });
}

async function keep(runtime: Runtime, changed: VmHandle, outcome: VmOutcome): Promise<VmOutcome> {
  await runtime.registry.update(changed.name, (current) => ({ ...current, ...changed }));
  return outcome;
}
