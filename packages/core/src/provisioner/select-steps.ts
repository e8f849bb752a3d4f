import { nearest } from '../errors/nearest.js';
import { VmctlError } from '../errors/vmctl-error.js';
import type { ProvisionDefinition } from '../vmfile/model.js';

/** Which steps of a VM are asked for; all of them without both. */
export interface StepSelection {
  /** Names; exactly these run, whatever their policy, in the order of the VMFile. */
  readonly only?: readonly string[] | undefined;
  /** Name of the first step; it and those after it run as their policies say. */
  readonly from?: string | undefined;
}

/** A step and its place among all steps of the VM, from 1. */
export interface SelectedStep {
  readonly definition: ProvisionDefinition;
  readonly index: number;
  /** Named by the user: its policy does not count. */
  readonly named: boolean;
}

/**
 * @throws VMCTL_STEP_UNKNOWN for a name that no step of the VM has, with the nearest one
 */
export function selectSteps(
  vm: string,
  steps: readonly ProvisionDefinition[],
  { only, from }: StepSelection,
): readonly SelectedStep[] {
  const names = steps.map(({ name }) => name);
  for (const name of [...(only ?? []), ...(from === undefined ? [] : [from])]) {
    if (!names.includes(name)) throw unknownStep(vm, name, names);
  }
  const first = from === undefined ? 0 : names.indexOf(from);
  return steps
    .map((definition, index) => ({ definition, index: index + 1, named: only !== undefined }))
    .filter(
      ({ definition, index }) => index > first && (only === undefined || only.includes(definition.name)),
    );
}

function unknownStep(vm: string, name: string, names: readonly string[]): VmctlError {
  const near = nearest(name, names);
  return new VmctlError('VMCTL_STEP_UNKNOWN', {
    message: `${vm} has no provisioning step "${name}".`,
    hint:
      near !== undefined
        ? `Did you mean "${near}"?`
        : names.length === 0
          ? 'Its VMFile has no provisioning steps.'
          : `It has: ${names.join(', ')}.`,
    details: { vm, name, known: names },
  });
}
