import type { OperationResult } from './operation-result.js';
import { runProject } from './project-run.js';
import type { Runtime } from './runtime.js';
import { selectVms } from './select-vms.js';
import type { UpOptions } from './up.js';
import { upVm } from './up-vm.js';

/**
 * Makes VMs anew from their VMFile: each is destroyed with its disk and brought up again, under one lock. What the
 * named ones depend on is brought up as it is. A VM whose files or image cannot be had is kept.
 *
 * Rejects as `up` does.
 */
export async function reload(runtime: Runtime, options: UpOptions = {}): Promise<OperationResult> {
  const { names = [], provision = true } = options;
  return runProject(runtime, options, {
    operation: 'reload',
    select: (file) => selectVms(file, names, { withDependencies: true }),
    work: (run) =>
      upVm(run, {
        purpose: 'reload',
        provision,
        anew: names.length === 0 || names.includes(run.definition.name),
      }),
  });
}
