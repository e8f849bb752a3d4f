import { stopTimeoutMs } from './effective-settings.js';
import { eachRegisteredVm } from './registered-vms.js';
import type { Runtime } from './runtime.js';
import { startVm } from './start.js';
import { type StopOptions, stopVm } from './stop.js';
import type { OperationResult } from './operation-result.js';

/** Stops VMs and starts them again, each under one lock: nobody comes in between. A stopped one is only started. */
export async function restart(runtime: Runtime, options: StopOptions): Promise<OperationResult> {
  const timeoutMs = stopTimeoutMs(runtime, options.timeoutMs);
  return eachRegisteredVm(runtime, 'restart', options, async (handle, context) => {
    const stopped = await stopVm(runtime, handle, timeoutMs, context);
    const outcome = await startVm(
      runtime,
      { ...handle, ...(await runtime.registry.get(handle.name)) },
      context,
    );
    return stopped === 'stopped' ? 'restarted' : outcome;
  });
}
