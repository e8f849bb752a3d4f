import { reportError } from '../errors/error-report.js';
import type { VmOutcome, VmResult } from '../events/events.js';
import { elapsedSince } from '../host/elapsed.js';
import type { VmHandle } from '../hypervisor/contract.js';
import { mapConcurrently } from './concurrency.js';
import type { OperationResult } from './operation-result.js';
import type { Runtime } from './runtime.js';
import { unknownVm } from './select-vms.js';
import { underVmLock } from './under-vm-lock.js';

/** How many VMs are stopped or removed at a time: it is mostly waiting. */
const AT_ONCE = 16;

export interface EachVmOptions {
  /** `down`, `destroy`: for events and for whoever waits for the lock. */
  readonly operation: string;
  /** VMs in groups: one group after the other, all VMs of a group at once. */
  readonly groups: readonly (readonly string[])[];
  /**
   * False: the work only looks, so that others may work on the VM meanwhile, and nothing of it is written down for
   * `vmctl events`. Default true.
   */
  readonly lock?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly signal: AbortSignal;
  /** Called under the VM's lock, if there is one. `handle` is undefined when the VM does not exist. */
  readonly work: (handle: VmHandle | undefined, name: string) => Promise<VmOutcome>;
}

/** Does one thing with several VMs, each under its lock unless told otherwise, with events and a result for each. */
export async function eachVm(runtime: Runtime, options: EachVmOptions): Promise<OperationResult> {
  const { operation, groups, signal, wait = true } = options;
  const events = options.lock === false ? runtime.events.ofLook : runtime.events;
  const started = performance.now();
  events.emit({ type: 'run.started', operation, vms: groups.flat() });
  const results: VmResult[] = [];
  for (const group of groups) {
    results.push(...(await mapConcurrently(group, AT_ONCE, one)));
  }
  const ok = results.every(({ outcome }) => outcome !== 'failed' && outcome !== 'interrupted');
  events.emit({
    type: 'run.finished',
    operation,
    ok,
    durationMs: elapsedSince(started),
    vms: results,
  });
  await runtime.events.settled();
  return { ok, vms: results };

  async function one(vm: string): Promise<VmResult> {
    const vmStarted = performance.now();
    events.emit({ type: 'vm.started', vm });
    const result = await locked(vm).then(
      (outcome) => ({ outcome }),
      (error: unknown) => ({
        outcome: signal.aborted ? ('interrupted' as const) : ('failed' as const),
        error: reportError(error),
      }),
    );
    const whole = { vm, durationMs: elapsedSince(vmStarted), ...result };
    events.emit({ type: 'vm.finished', ...whole });
    return whole;
  }

  async function locked(vm: string): Promise<VmOutcome> {
    signal.throwIfAborted();
    const work = async (): Promise<VmOutcome> => options.work(await runtime.registry.get(vm), vm);
    return options.lock === false ? work() : underVmLock(runtime, vm, { operation, wait, signal }, work);
  }
}

/**
 * The registered VMs of these names.
 *
 * @throws VMCTL_VM_UNKNOWN for the first one that is not registered
 */
export async function requireVms(runtime: Runtime, names: readonly string[]): Promise<readonly VmHandle[]> {
  const all = new Map((await runtime.registry.list()).map((handle) => [handle.name, handle]));
  return names.map((name) => {
    const handle = all.get(name);
    if (handle === undefined) throw unknownVm(name, [...all.keys()], runtime.dataDir.path);
    return handle;
  });
}
