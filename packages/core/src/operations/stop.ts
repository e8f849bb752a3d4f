import type { VmOutcome } from '../events/events.js';
import type { HypervisorContext, VmHandle, VmStateName } from '../hypervisor/contract.js';
import { stopTimeoutMs } from './effective-settings.js';
import { eachRegisteredVm, type RegisteredVmsOptions } from './registered-vms.js';
import type { Runtime } from './runtime.js';
import type { OperationResult } from './operation-result.js';

/** States without anything to stop; in any other the VM has a process. */
const AT_REST: readonly VmStateName[] = ['prepared', 'stopped', 'destroyed'];

export interface StopOptions extends RegisteredVmsOptions {
  /** Default: the configuration's, else 30,000; 0 ends the guest at once. */
  readonly timeoutMs?: number | undefined;
}

/** Stops VMs, from whichever VMFile. */
export async function stop(runtime: Runtime, options: StopOptions): Promise<OperationResult> {
  const timeoutMs = stopTimeoutMs(runtime, options.timeoutMs);
  return eachRegisteredVm(runtime, 'stop', options, (handle, context) =>
    stopVm(runtime, handle, timeoutMs, context),
  );
}

/** Stops one VM, also a suspended one. Call under its lock. */
export async function stopVm(
  runtime: Runtime,
  handle: VmHandle,
  timeoutMs: number,
  context: HypervisorContext,
): Promise<VmOutcome> {
  const { name: state } = await runtime.router.state(handle, context);
  const powerOff = async (signal: AbortSignal): Promise<void> => {
    const { powerOffGuest } = await import('./guest-power-off.js');
    await powerOffGuest(runtime, handle, signal);
  };
  const stopped = await runtime.router.stop(handle, { timeoutMs, powerOff }, context);
  await runtime.registry.update(handle.name, (current) => ({ ...current, ...stopped }));
  return AT_REST.includes(state) ? 'already-stopped' : 'stopped';
}
