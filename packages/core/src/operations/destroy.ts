import { isVmctlError, VmctlError } from '../errors/vmctl-error.js';
import type { VmOutcome } from '../events/events.js';
import type { VmHandle } from '../hypervisor/contract.js';
import { halfMadeVms, isHalfMade, removeWorkDir } from '../state/work-dir.js';
import { eachVm, requireVms } from './each-vm.js';
import { forgetVm } from './forget-vm.js';
import type { OperationResult } from './operation-result.js';
import type { Runtime } from './runtime.js';
import { livingProcess } from './vm-processes.js';

export interface DestroyOptions {
  /** Registered VMs; `all` takes every one. */
  readonly names: readonly string[];
  readonly all?: boolean | undefined;
  /**
   * Do without the backend, for a VM whose plugin is gone for good or broken: core removes what it knows of. Not with
   * `all`, which would give up VMs whose plugins are well.
   */
  readonly forget?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Ends VMs at once and removes all they have: disk, keys, logs. Images stay in the cache.
 *
 * With `forget` a VM is not ended: VMCTL_VM_WRONG_STATE for one whose process lives.
 */
export async function destroy(runtime: Runtime, options: DestroyOptions): Promise<OperationResult> {
  const signal = options.signal ?? new AbortController().signal;
  const { all = false, forget = false } = options;
  const names = all && !forget ? await everyVm(runtime) : await known(runtime, options.names);
  return eachVm(runtime, {
    operation: 'destroy',
    groups: [names],
    wait: options.wait,
    signal,
    work: (handle, name) =>
      forget && handle !== undefined ? giveUp(runtime, handle) : destroyVm(runtime, handle, name, signal),
  });
}

/** All VMs, half-made ones included. A registry that cannot be read must not look like one without VMs. */
async function everyVm(runtime: Runtime): Promise<string[]> {
  await runtime.registry.mustBeReadable();
  const registered = (await runtime.registry.list()).map(({ name }) => name);
  return [...new Set([...registered, ...(await halfMadeVms(runtime.dataDir.vms))])];
}

/** @throws VMCTL_VM_UNKNOWN for a name of which there is neither a VM nor a half-made one */
async function known(runtime: Runtime, names: readonly string[]): Promise<string[]> {
  const halfMade = await halfMadeVms(runtime.dataDir.vms);
  const wanted = [...new Set(names)];
  await requireVms(
    runtime,
    wanted.filter((name) => !halfMade.includes(name)),
  );
  return wanted;
}

/** Destroys one VM, or what a killed run left of it. Call under its lock. */
export async function destroyVm(
  runtime: Runtime,
  handle: VmHandle | undefined,
  name: string,
  signal: AbortSignal,
): Promise<VmOutcome> {
  if (handle === undefined) {
    const workDir = runtime.dataDir.workDir(name);
    if (!(await isHalfMade(workDir))) return 'absent';
    await removeWorkDir(workDir);
    return 'destroyed';
  }
  await mustBeAlone(runtime, handle);
  await runtime.router.destroy(handle, runtime.hypervisorContext(signal)).catch((error: unknown) => {
    throw withWayOut(error, name);
  });
  await forgetVm(runtime, handle);
  return 'destroyed';
}

/** Removes a VM without its backend. Call under its lock. */
async function giveUp(runtime: Runtime, handle: VmHandle): Promise<VmOutcome> {
  await mustBeAlone(runtime, handle);
  const pid = await livingProcess(runtime, handle);
  if (pid !== undefined) {
    throw new VmctlError('VMCTL_VM_WRONG_STATE', {
      message: `${handle.name} is not given up while it runs: process ${pid} works on its disk.`,
      hint: `See what it is: ps -fp ${pid}. To end it, as if its power failed: kill ${pid}`,
      details: { vm: handle.name, pid },
    });
  }
  await forgetVm(runtime, handle);
  return 'destroyed';
}

/** Without its plugin a VM could never be got rid of. */
function withWayOut(error: unknown, name: string): unknown {
  if (!isVmctlError(error)) return error;
  const { code, message, details, cause, hint } = error;
  if (code !== 'VMCTL_BACKEND_NOT_INSTALLED' && !code.startsWith('VMCTL_PLUGIN_')) return error;
  const wayOut = `If that is not possible any more, give the VM up with its disk: vmctl destroy --forget ${name}`;
  return new VmctlError(code, {
    message,
    hint: hint === undefined ? wayOut : `${hint}\n${wayOut}`,
    details,
    cause,
  });
}

/** Two entries with one work directory are one machine; removing the one would take the other's disk. */
async function mustBeAlone(runtime: Runtime, handle: VmHandle): Promise<void> {
  const twin = (await runtime.registry.list()).find(
    (other) => other.name !== handle.name && other.work_dir === handle.work_dir,
  );
  if (twin === undefined) return;
  throw new VmctlError('VMCTL_REGISTRY_CORRUPT', {
    message: `${handle.name} and ${twin.name} have the same work directory in vms.json: ${handle.work_dir}`,
    hint: `Take the wrong entry out of ${runtime.dataDir.registryFile} by hand.`,
    details: { vms: [handle.name, twin.name], workDir: handle.work_dir },
  });
}
