import type { VmHandle, VmState } from '../../hypervisor/contract.js';
import type { VmDefinition } from '../../vmfile/model.js';
import type { Runtime } from '../runtime.js';
import { settingFacts } from './facts.js';
import { planVm, type VmPlan } from './vm-plan.js';

/** Looks at what a VM was made of and decides what `up` does with it. Changes nothing. */
export async function planOf(
  runtime: Runtime,
  vm: {
    readonly definition: VmDefinition;
    /** Undefined when there is none, or none that counts. */
    readonly handle: VmHandle | undefined;
    /** How it is; undefined without a handle. */
    readonly state: VmState | undefined;
    /** The VMFile, absolute; undefined without one. */
    readonly vmfile: string | undefined;
    /** Whether provisioning steps are wanted. */
    readonly provision: boolean;
  },
): Promise<VmPlan> {
  const { definition, handle, state, provision } = vm;
  if (handle === undefined || state === undefined || state.name === 'destroyed') {
    return planVm({ definition, existing: undefined, provision });
  }
  const facts = await settingFacts(runtime, handle, definition, vm.vmfile);
  return planVm({ definition, existing: { handle, state: state.name, facts }, provision });
}
