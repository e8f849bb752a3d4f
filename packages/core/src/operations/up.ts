import type { OperationResult } from './operation-result.js';
import { type ProjectRunOptions, runProject } from './project-run.js';
import type { Runtime } from './runtime.js';
import { selectVms } from './select-vms.js';
import { upVm } from './up-vm.js';

export interface UpOptions extends ProjectRunOptions {
  /** VMs to bring up, with what they depend on; default all. */
  readonly names?: readonly string[] | undefined;
  /** Default true. */
  readonly provision?: boolean | undefined;
}

/**
 * Brings VMs up: all at once, each through its stages. Rejects for a bad VMFile or an unknown name, before
 * anything is done; what goes wrong with one VM is in the result and in the events.
 */
export async function up(runtime: Runtime, options: UpOptions = {}): Promise<OperationResult> {
  return runProject(runtime, options, {
    operation: 'up',
    select: (file) => selectVms(file, options.names ?? [], { withDependencies: true }),
    work: (run) => upVm(run, { purpose: 'up', provision: options.provision ?? true, anew: false }),
  });
}
