import { lockVm } from '../state/vm-lock.js';
import type { Runtime } from './runtime.js';

export interface UnderVmLockOptions {
  /** `up`, `forward add`: what whoever waits for the lock is told. */
  readonly operation: string;
  /** False (`--no-wait`): fail at once when another command works on the VM. */
  readonly wait: boolean;
  /** An abort ends the waiting for the lock; the work has to look at it by itself. */
  readonly signal: AbortSignal;
}

/**
 * Does `work` while no other command works on the VM; a warning event says whom it waits for.
 *
 * @throws VMCTL_LOCKED
 * @throws VMCTL_VM_NAME_INVALID
 */
export async function underVmLock<T>(
  runtime: Runtime,
  vm: string,
  { operation, wait, signal }: UnderVmLockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await lockVm(runtime.dataDir, vm, {
    processes: runtime.processes,
    purpose: `vmctl ${operation}`,
    wait,
    signal,
    onWait: (holder) =>
      runtime.events.emit({
        type: 'warning',
        vm,
        code: 'VMCTL_LOCKED',
        message: `Waiting: ${holder.purpose} (process ${holder.pid}) is working on ${vm}.`,
        hint: 'Use --no-wait to fail instead.',
      }),
  });
  try {
    return await work();
  } finally {
    // A lock that cannot be released is free as soon as this process ends.
    await lock.release().catch((error: unknown) => runtime.log.debug('could not release', error));
  }
}
