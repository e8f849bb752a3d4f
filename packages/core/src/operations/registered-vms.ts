import type { VmOutcome } from '../events/events.js';
import type { HypervisorContext, VmHandle } from '../hypervisor/contract.js';
import { eachVm, requireVms } from './each-vm.js';
import type { Runtime } from './runtime.js';
import { unknownVm } from './select-vms.js';
import type { OperationResult } from './operation-result.js';

/** Which existing VMs an operation is for; their VMFiles are not looked at. */
export interface RegisteredVmsOptions {
  /** Registered VMs; `all` takes every one. */
  readonly names: readonly string[];
  readonly all?: boolean | undefined;
  /** False: fail at once when another command works on a VM. Default true. */
  readonly wait?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does one thing with VMs that exist, all at once, each under its lock.
 *
 * @param work - given the VM as vms.json has it under the lock
 * @throws VMCTL_VM_UNKNOWN before anything is done
 * @throws VMCTL_REGISTRY_CORRUPT with `all`, when it cannot be known which VMs there are
 */
export async function eachRegisteredVm(
  runtime: Runtime,
  operation: string,
  options: RegisteredVmsOptions,
  work: (handle: VmHandle, context: HypervisorContext) => Promise<VmOutcome>,
): Promise<OperationResult> {
  const signal = options.signal ?? new AbortController().signal;
  const names = await registeredNames(runtime, options);
  const context = runtime.hypervisorContext(signal);
  return eachVm(runtime, {
    operation,
    groups: [names],
    wait: options.wait,
    signal,
    work: (handle, name) => {
      // Another command has destroyed it while this one waited for the lock.
      if (handle === undefined) throw unknownVm(name, [], runtime.dataDir.path);
      return work(handle, context);
    },
  });
}

/** Each name once; with `all` in alphabetical order. */
export async function registeredNames(
  runtime: Runtime,
  { names, all }: Pick<RegisteredVmsOptions, 'names' | 'all'>,
): Promise<readonly string[]> {
  if (all !== true) return (await requireVms(runtime, [...new Set(names)])).map(({ name }) => name);
  await runtime.registry.mustBeReadable();
  return (await runtime.registry.list()).map(({ name }) => name);
}
