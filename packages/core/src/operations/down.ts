import type { VmDefinition } from '../vmfile/model.js';
import { destroyVm } from './destroy.js';
import { eachVm } from './each-vm.js';
import { stopTimeoutMs } from './effective-settings.js';
import type { Runtime } from './runtime.js';
import { refuseOtherVmFile, warnOfOtherVmFile } from './plan/other-vmfile.js';
import { loadVmFile, selectVms } from './select-vms.js';
import { stopVm } from './stop.js';
import type { OperationResult } from './operation-result.js';

export interface DownOptions {
  readonly file?: string | undefined;
  readonly names?: readonly string[] | undefined;
  /** Remove the VMs with their disks as well, but none that another VMFile has as well. Default false. */
  readonly destroy?: boolean | undefined;
  /** Default: the configuration's, else 30,000; 0 ends the guest at once. */
  readonly timeoutMs?: number | undefined;
  readonly wait?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Stops the VMs of a VMFile, those first that depend on others. */
export async function down(runtime: Runtime, options: DownOptions = {}): Promise<OperationResult> {
  const signal = options.signal ?? new AbortController().signal;
  const file = await loadVmFile(runtime, options.file, { steps: false });
  const definitions = selectVms(file, options.names ?? [], { withDependencies: false });
  const timeoutMs = stopTimeoutMs(runtime, options.timeoutMs);
  return eachVm(runtime, {
    operation: options.destroy === true ? 'down --destroy' : 'down',
    groups: dependantsFirst(definitions),
    wait: options.wait,
    signal,
    work: async (handle, name) => {
      const owned = handle === undefined ? undefined : { handle, vmfile: file.path };
      if (options.destroy === true) {
        if (owned !== undefined) await refuseOtherVmFile(owned);
        return destroyVm(runtime, handle, name, signal);
      }
      if (handle === undefined || owned === undefined) return 'absent';
      await warnOfOtherVmFile(runtime.events, owned, { takenOver: false });
      return stopVm(runtime, handle, timeoutMs, runtime.hypervisorContext(signal));
    },
  });
}

/** Names in groups: a VM comes in an earlier group than all that it depends on. The file has no cycles. */
export function dependantsFirst(definitions: readonly VmDefinition[]): string[][] {
  const depths = new Map<string, number>();
  const byName = new Map(definitions.map((vm) => [vm.name, vm]));
  const depthOf = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const dependencies = (byName.get(name)?.dependsOn ?? []).filter(({ vm }) => byName.has(vm));
    const depth = Math.max(0, ...dependencies.map(({ vm }) => depthOf(vm) + 1));
    depths.set(name, depth);
    return depth;
  };
  const groups: string[][] = [];
  for (const { name } of definitions) (groups[depthOf(name)] ??= []).push(name);
  return groups.toReversed();
}
