import type { Stage } from '../../events/events.js';
import type { VmHandle, VmStateName } from '../../hypervisor/contract.js';
import type { VmDefinition } from '../../vmfile/model.js';
import { type SettingChange, type SettingFacts, settingChanges } from './settings.js';

/**
 * What `up` does with a VM. `create`: makes and starts it; `start`: starts the one there is; `resume`: lets a suspended
 * one go on; `continue`: does what an `up` that did not end has left; `update`: changes it as it runs; `none`: nothing.
 */
export type PlanAction = 'create' | 'start' | 'resume' | 'continue' | 'update' | 'none';

/** What is known of a VM before `up` works on it. */
export interface VmSituation {
  readonly definition: VmDefinition;
  /** Undefined when vms.json has no such VM, or only one that is destroyed. */
  readonly existing:
    | {
        readonly handle: VmHandle;
        readonly state: Exclude<VmStateName, 'destroyed'>;
        readonly facts: SettingFacts;
      }
    | undefined;
  /** False with `--no-provision`. */
  readonly provision: boolean;
}

/** What `up` does with a VM, and what is left to do after it. */
export interface VmPlan {
  readonly action: PlanAction;
  /** Stages that it goes through, in order. */
  readonly stages: readonly Stage[];
  /** Settings that are not as the VMFile says; none for a VM that is created. */
  readonly changes: readonly SettingChange[];
}

/** Decides what `up` does with one VM. `up` and `plan` both ask here, so that neither has an opinion of its own. */
export function planVm({ definition, existing, provision }: VmSituation): VmPlan {
  const last: readonly Stage[] = provision ? ['ready', 'provision'] : ['ready'];
  const all: readonly Stage[] = ['resolve', 'prepare', 'start', ...last];
  if (existing === undefined) return { action: 'create', stages: all, changes: [] };
  const { handle, state, facts } = existing;
  const changes = settingChanges(handle, state, definition, facts);
  // Its process has the settings that it was started with.
  if (state === 'suspended') return { action: 'resume', stages: ['start', ...last], changes };
  if (state !== 'running') return { action: 'start', stages: all, changes };
  // A running VM is left alone, unless the `up` that started it never came to its end.
  if (handle.up_pending === true) return { action: 'continue', stages: last, changes };
  const action = changes.some(({ effect }) => effect === 'now') ? 'update' : 'none';
  return { action, stages: [], changes };
}
