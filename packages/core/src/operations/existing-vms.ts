import type { Runtime } from './runtime.js';
import { loadVmFile, selectVms } from './select-vms.js';

export interface ExistingVmsOptions {
  /** Default: the VMFile of the working directory or its parents. */
  readonly file?: string | undefined;
  /** Default: all of the VMFile. */
  readonly names?: readonly string[] | undefined;
}

/**
 * Those VMs of a VMFile that exist, in its order; the others have no disk that could be lost.
 *
 * @throws VMCTL_VM_UNKNOWN for a name that is not in the file
 */
export async function existingVms(runtime: Runtime, options: ExistingVmsOptions = {}): Promise<string[]> {
  const file = await loadVmFile(runtime, options.file, { steps: false });
  const declared = selectVms(file, options.names ?? [], { withDependencies: false });
  const registered = new Set((await runtime.registry.list()).map(({ name }) => name));
  return declared.map(({ name }) => name).filter((name) => registered.has(name));
}
