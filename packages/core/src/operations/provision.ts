import { nearest } from '../errors/nearest.js';
import { VmctlError } from '../errors/vmctl-error.js';
import { selectSteps, type StepSelection } from '../provisioner/select-steps.js';
import type { VmDefinition, VmFile } from '../vmfile/model.js';
import type { OperationResult } from './operation-result.js';
import { type ProjectRunOptions, runProject } from './project-run.js';
import { provisionVm } from './provision-vm.js';
import type { Runtime } from './runtime.js';
import { selectVms } from './select-vms.js';

export interface ProvisionOptions extends ProjectRunOptions, StepSelection {
  /** Running VMs to provision; default all of the VMFile. */
  readonly names?: readonly string[] | undefined;
}

/**
 * Runs provisioning steps on running VMs of a VMFile. With `only` or `from`, VMs without such a step are left out.
 *
 * @throws VMCTL_STEP_UNKNOWN for a name that no step of these VMs has; nothing has run then
 * @throws what `up` does, before anything is done
 */
export async function provision(runtime: Runtime, options: ProvisionOptions = {}): Promise<OperationResult> {
  const { only, from } = options;
  return runProject(runtime, options, {
    operation: 'provision',
    select: (file) => withSteps(file, options),
    work: (run) => provisionVm(run, selectionFor(run.definition, { only, from })),
  });
}

/** The VMs that have what is asked for. */
function withSteps(
  file: VmFile,
  { names = [], only, from }: Pick<ProvisionOptions, 'names' | 'only' | 'from'>,
): readonly VmDefinition[] {
  const vms = selectVms(file, names, { withDependencies: false });
  const known = [...new Set(vms.flatMap(stepNames))];
  for (const name of [...(only ?? []), ...(from === undefined ? [] : [from])]) {
    if (known.includes(name)) continue;
    const [vm, other] = vms;
    if (vm !== undefined && other === undefined) selectSteps(vm.name, vm.provision, { only, from });
    throw unknownStep(file, name, known);
  }
  return vms.filter((vm) => {
    const steps = stepNames(vm);
    const hasOnly = only === undefined || only.some((name) => steps.includes(name));
    return hasOnly && (from === undefined || steps.includes(from));
  });
}

/** Of the steps that are asked for, those of this VM. */
function selectionFor(vm: VmDefinition, { only, from }: StepSelection): StepSelection {
  const steps = stepNames(vm);
  return { only: only?.filter((name) => steps.includes(name)), from };
}

function stepNames({ provision: steps }: VmDefinition): string[] {
  return steps.map(({ name }) => name);
}

function unknownStep({ path }: VmFile, name: string, known: readonly string[]): VmctlError {
  const near = nearest(name, known);
  return new VmctlError('VMCTL_STEP_UNKNOWN', {
    message: `No VM of ${path} has a provisioning step "${name}".`,
    hint:
      near !== undefined
        ? `Did you mean "${near}"?`
        : known.length === 0
          ? 'They have no provisioning steps.'
          : `There is: ${known.join(', ')}.`,
    details: { name, known },
  });
}
