import { chmod, lstat } from 'node:fs/promises';
import { reportError } from '../../errors/error-report.js';
import { hasCode, VmctlError } from '../../errors/vmctl-error.js';
import { errnoOf, fsError } from '../../host/fs-error.js';
import { clearStaleLock } from '../../host/stale-locks.js';
import { ImageClaims } from '../../images/image-claims.js';
import { lockedVms } from '../../state/vm-lock.js';
import { removeLeftoversOf } from '../../state/work-dir.js';
import type { Repair, RepairResult } from './finding.js';
import { imageUse } from '../image-use.js';
import { prunePlugins } from '../project-plugin-use.js';
import type { Runtime } from '../runtime.js';
import { underVmLock } from '../under-vm-lock.js';

/** What {@link repair} is given. */
export interface RepairOptions {
  /** Those of findings. */
  readonly repairs: readonly Repair[];
  /** Installs packages as plugins; where plugins are is for the program that uses vmctl to know. */
  readonly installPlugins: (packages: readonly string[], signal: AbortSignal) => Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Mends what {@link doctor} has found, one after the other. Each looks again at what it mends, under the lock that others
 * take for it, and never waits for them. One that fails does not stop the others; an abort does.
 */
export async function repair(runtime: Runtime, options: RepairOptions): Promise<RepairResult[]> {
  const signal = options.signal ?? new AbortController().signal;
  const results: RepairResult[] = [];
  for (const each of options.repairs) {
    signal.throwIfAborted();
    try {
      const mended = await mend(runtime, each, options, signal);
      results.push({ repair: each, outcome: mended ? 'mended' : 'unneeded' });
    } catch (error) {
      signal.throwIfAborted();
      const outcome = hasCode(error, 'VMCTL_LOCKED') ? 'busy' : 'failed';
      results.push({ repair: each, outcome, error: reportError(error) });
    }
  }
  return results;
}

/** @returns whether there was something to mend */
async function mend(
  runtime: Runtime,
  each: Repair,
  { installPlugins }: RepairOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { dataDir, processes } = runtime;
  switch (each.kind) {
    case 'restrict-permissions':
      return restrictPermissions(each.path, Number.parseInt(each.mode, 8));
    case 'clear-lock':
      return clearStaleLock(each.path, processes);
    case 'remove-half-made-vm':
      return locked(runtime, each.vm, signal, () => removeHalfMadeVm(runtime, each.vm));
    case 'remove-image-claims':
      for (const vm of each.vms) {
        await locked(runtime, vm, signal, () => new ImageClaims(dataDir.imageClaims).remove(vm));
      }
      return each.vms.length > 0;
    case 'clean-image-cache': {
      const users = async (file: string) => (await imageUse(runtime)).get(file) ?? [];
      return (await (await runtime.images()).removeLeftovers({ users, signal })).length > 0;
    }
    case 'prune-project-plugins':
      await nobodyMustWork(runtime);
      return (await prunePlugins(runtime, { signal })).removed.length > 0;
    case 'install-plugins':
      await installPlugins(each.packages, signal);
      return true;
  }
}

/** A command that works on VMs may have loaded half of a plugin that no VM needs yet. */
async function nobodyMustWork({ dataDir, processes }: Runtime): Promise<void> {
  const [vm] = await lockedVms(dataDir, processes);
  if (vm === undefined) return;
  throw new VmctlError('VMCTL_LOCKED', {
    message: `Another command works on ${vm}, and may use plugins that nobody else needs.`,
    hint: 'Try again when it has ended.',
    details: { vm },
  });
}

function locked<T>(runtime: Runtime, vm: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return underVmLock(runtime, vm, { operation: 'doctor --fix', wait: false, signal }, work);
}

async function removeHalfMadeVm(runtime: Runtime, vm: string): Promise<boolean> {
  // One that cannot be read knows no VMs, and must not look like one without them.
  await runtime.registry.mustBeReadable();
  // An entry that cannot be read is a VM as well, and may have a disk.
  const isRegistered = (await runtime.registry.names()).has(vm);
  return removeLeftoversOf(runtime.dataDir.workDir(vm), { isRegistered });
}

/** A link would lead elsewhere. */
async function restrictPermissions(path: string, mode: number): Promise<boolean> {
  try {
    const found = await lstat(path);
    if (found.isSymbolicLink() || (found.mode & 0o077) === 0) return false;
    await chmod(path, mode);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fsError(error, { verb: 'change the mode of', path });
  }
}
