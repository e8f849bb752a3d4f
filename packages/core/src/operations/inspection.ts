import { messageOf } from '../errors/vmctl-error.js';
import type { VmHandle } from '../hypervisor/contract.js';
import type { VmInspection } from '../hypervisor/inspection.js';
import type { Runtime } from './runtime.js';

/** Against a backend that does not keep to its contract: nobody waits longer for one of many VMs. */
const LIMIT_MS = 5_000;

/**
 * What the engine of a VM says; null when nothing runs it, or its backend cannot be asked. A backend that fails or hangs
 * is one of the problems that are told.
 */
export async function inspectVm(
  runtime: Runtime,
  handle: VmHandle,
  signal: AbortSignal,
  limitMs = LIMIT_MS,
): Promise<VmInspection | null> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  const tooLate = new Promise<VmInspection>((resolve) => {
    limit.signal.addEventListener('abort', () => {
      const seconds = limitMs / 1000;
      resolve({ problems: [`The backend ${handle.backend} did not answer within ${seconds} s.`] });
    });
  });
  try {
    const either = AbortSignal.any([signal, limit.signal]);
    const asked = runtime.router.inspect(handle, runtime.hypervisorContext(either));
    return (await Promise.race([asked, tooLate])) ?? null;
  } catch (error) {
    signal.throwIfAborted();
    return { problems: [messageOf(error)] };
  } finally {
    clearTimeout(timer);
  }
}
