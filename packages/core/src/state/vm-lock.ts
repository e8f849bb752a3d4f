import { acquireLock, type Lock, lockHolder, type LockHolder } from '../host/lock.js';
import { heldLocks } from '../host/lock-directory.js';
import type { ProcessTable } from '../host/process-contract.js';
import { createProcessTable } from '../host/process-table.js';
import type { DataDir } from './data-dir.js';

/** How {@link lockVm} takes the lock. */
export interface LockVmOptions {
  /** The operation, for the messages of others: `up`. */
  readonly purpose: string;
  /** False (`--no-wait`): fail at once when another operation runs. */
  readonly wait: boolean;
  /** An abort ends the waiting. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait; default one hour. */
  readonly timeoutMs?: number | undefined;
  /** Called once for each operation that is waited for. */
  readonly onWait?: ((holder: LockHolder) => void) | undefined;
  readonly processes?: ProcessTable | undefined;
}

/**
 * Lets one operation at a time work on a VM, whether it exists or not. Not reentrant.
 *
 * @throws VMCTL_LOCKED saying who works on it
 * @throws VMCTL_VM_NAME_INVALID
 */
export async function lockVm(dataDir: DataDir, name: string, options: LockVmOptions): Promise<Lock> {
  dataDir.workDir(name); // refuses what is no name
  return acquireLock({
    ...options,
    directory: dataDir.locks,
    name: lockName(name),
    subject: `VM "${name}"`,
    processes: options.processes ?? createProcessTable(),
  });
}

/** Who works on a VM now; undefined when nobody does. Changes nothing, and waits for nobody. */
export async function vmLockHolder(
  dataDir: DataDir,
  name: string,
  processes: ProcessTable,
): Promise<LockHolder | undefined> {
  return lockHolder({ directory: dataDir.locks, name: lockName(name), processes });
}

/** The VMs that somebody works on now, whether they exist or not. */
export async function lockedVms(dataDir: DataDir, processes: ProcessTable): Promise<readonly string[]> {
  const prefix = lockName('');
  const held = await heldLocks(dataDir.locks, processes);
  return held.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

function lockName(vm: string): string {
  return `vm-${vm}`;
}
