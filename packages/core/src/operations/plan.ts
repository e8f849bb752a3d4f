import { reportError } from '../errors/error-report.js';
import type { ErrorReport, Stage } from '../events/events.js';
import type { VmHandle, VmState, VmStateName } from '../hypervisor/contract.js';
import type { ImageLookup } from '../images/image-lookup.js';
import type { VmDefinition } from '../vmfile/model.js';
import { mapConcurrently } from './concurrency.js';
import { checkWay } from './plan/obstacles.js';
import { planOf } from './plan/plan-of.js';
import type { SettingChange } from './plan/settings.js';
import { type StepPlan, stepsLeft, stepsToRun } from './plan/steps.js';
import type { PlanAction, VmPlan } from './plan/vm-plan.js';
import { type InspectedProject, inspectProject, type Project } from './project.js';
import type { Runtime } from './runtime.js';
import { selectVms } from './select-vms.js';
import { type VmWork, workOn } from './vm-work.js';

/** VMs that are looked at at a time. */
const AT_ONCE = 32;

export interface PlanOptions {
  /** Path of the VMFile; default: found from the working directory upwards. */
  readonly file?: string | undefined;
  /** VMs to plan for, with what they depend on; default all. */
  readonly names?: readonly string[] | undefined;
  /** As `up` has it: false leaves out the provisioning steps. Default true. */
  readonly provision?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What `up` would do. Field names are those of `vmctl plan --json`. */
export interface ProjectPlan {
  /** Absolute. */
  readonly vmfile: string;
  /** Whether `up` would do something, or a VM is not as the VMFile says. */
  readonly changes: boolean;
  /** False when a VM has a problem, or a plugin is a folder that is not there: `up` would fail as well. */
  readonly ok: boolean;
  /** Plugins that `up` installs first. Nothing of what they bring is planned. */
  readonly plugins: readonly PlannedPlugin[];
  /** In the VMFile's order. */
  readonly vms: readonly PlannedVm[];
  /** VMs of this VMFile that are not in it any more; `up` leaves them alone. None when VMs were named. */
  readonly removed: readonly RemovedVm[];
}

/** A plugin that the VMFile requires and that is not there. */
export interface PlannedPlugin {
  /** A package, or a folder as the VMFile has it. */
  readonly name: string;
  /** Empty for a folder. */
  readonly range: string;
  /** As it is pinned; null: the newest that fits. */
  readonly version: string | null;
}

/** What `up` would do with one VM. */
export interface PlannedVm {
  readonly name: string;
  /** As it is now; `absent` when there is none, `unknown` when the backend cannot be asked. */
  readonly state: VmStateName | 'absent' | 'unknown';
  /** What `up` does; `unknown` with a problem that hides it. */
  readonly action: PlanAction | 'unknown';
  /** What it takes, after `up`, until the VM is as the VMFile says; null: nothing. */
  readonly needs: 'restart' | 'recreate' | null;
  /** The stages of `up` that it goes through. */
  readonly stages: readonly Stage[];
  /** VMs that it waits for. */
  readonly after: readonly string[];
  /** Where the image of a new VM comes from; null when none is needed. */
  readonly image: ImageLookup | null;
  /** Settings that are not as the VMFile says. */
  readonly changes: readonly SettingChange[];
  /** Its provisioning steps when `up` comes to them; of a VM that is left running, those that were added or edited. */
  readonly steps: readonly StepPlan[];
  /** The command that is working on it right now: all of this may be different in a moment. */
  readonly busy: VmWork | null;
  /** Why `up` would fail. */
  readonly problem: ErrorReport | null;
}

/** A VM that the VMFile does not have any more. */
export interface RemovedVm {
  readonly name: string;
  readonly state: VmStateName | 'unknown';
}

/**
 * What `up` would do, and why. Only looks: it takes no lock, fetches, installs and writes nothing, and needs no guest.
 *
 * @throws VMCTL_VMFILE_INVALID, VMCTL_VM_UNKNOWN
 */
export async function plan(given: Runtime, options: PlanOptions = {}): Promise<ProjectPlan> {
  const { names = [], provision = true, signal = new AbortController().signal } = options;
  const project = await inspectProject(given, options.file);
  const { file, runtime } = project;
  const definitions = selectVms(file, names, { withDependencies: true });
  const handles = new Map((await runtime.registry.list()).map((handle) => [handle.name, handle]));
  const known = new Set(file.vms.map(({ name }) => name));
  const orphans = [...handles.values()].filter(
    ({ name, vmfile }) => names.length === 0 && vmfile === file.path && !known.has(name),
  );
  const vms = await mapConcurrently(definitions, AT_ONCE, (definition) =>
    planned(project, definition, handles.get(definition.name), { provision, signal }),
  );
  const removed = await mapConcurrently(orphans, AT_ONCE, (handle) => removedVm(runtime, handle, signal));
  signal.throwIfAborted();
  return {
    vmfile: file.path,
    changes: project.missing.length > 0 || removed.length > 0 || vms.some(differs),
    // A folder of the repository cannot be installed.
    ok: vms.every(({ problem }) => problem === null) && project.missing.every(({ range }) => range !== ''),
    plugins: project.missing.map(({ name, range, version }) => ({ name, range, version: version ?? null })),
    vms,
    removed,
  };
}

function differs({ action, changes, steps }: PlannedVm): boolean {
  return action !== 'none' || changes.length > 0 || steps.length > 0;
}

async function planned(
  project: InspectedProject,
  definition: VmDefinition,
  handle: VmHandle | undefined,
  options: { readonly provision: boolean; readonly signal: AbortSignal },
): Promise<PlannedVm> {
  const { runtime } = project;
  const { name } = definition;
  const unknown: PlannedVm = {
    name,
    state: handle === undefined ? 'absent' : 'unknown',
    action: 'unknown',
    needs: null,
    stages: [],
    after: [],
    image: null,
    changes: [],
    steps: [],
    busy: null,
    problem: null,
  };
  try {
    const busy = await workOn(runtime, name);
    const state = handle === undefined ? undefined : await observe(runtime, handle, options.signal);
    const exists = state !== undefined && state.name !== 'destroyed';
    const vmPlan = await planOf(runtime, {
      definition,
      handle: exists ? handle : undefined,
      state,
      vmfile: project.file.path,
      provision: options.provision,
    });
    const seen: PlannedVm = {
      ...unknown,
      ...vmPlan,
      state: exists ? state.name : 'absent',
      needs: needsOf(vmPlan),
      after: vmPlan.stages.length === 0 ? [] : definition.dependsOn.map(({ vm }) => vm),
      steps: await stepsOf(project, definition, exists ? handle : undefined, vmPlan, options),
      busy,
    };
    const vm = { handle: exists ? handle : undefined, isRegistered: handle !== undefined };
    return await checkWay(runtime, definition, vmPlan, vm).then(
      (image) => ({ ...seen, image, problem: stepProblem(seen.steps) }),
      (error: unknown) => ({ ...seen, problem: mayBeBrought(project, error) ? null : reportError(error) }),
    );
  } catch (error) {
    return { ...unknown, problem: reportError(error) };
  }
}

/** Whether `up` may not stumble over it, because a plugin that it installs first brings what is missing. */
function mayBeBrought({ missing }: InspectedProject, error: unknown): boolean {
  const codes: readonly string[] = ['VMCTL_BACKEND_NOT_INSTALLED', 'VMCTL_IMAGE_SCHEME_UNKNOWN'];
  return missing.length > 0 && codes.includes(reportError(error).code);
}

function observe(runtime: Runtime, handle: VmHandle, signal: AbortSignal): Promise<VmState> {
  return runtime.router.state(handle, runtime.hypervisorContext(signal));
}

function needsOf({ changes }: VmPlan): PlannedVm['needs'] {
  const effects = changes.map(({ effect }) => effect);
  if (effects.includes('recreate')) return 'recreate';
  return effects.includes('restart') ? 'restart' : null;
}

async function stepsOf(
  { runtime, file }: Project,
  definition: VmDefinition,
  handle: VmHandle | undefined,
  { stages }: VmPlan,
  { provision, signal }: { readonly provision: boolean; readonly signal: AbortSignal },
): Promise<readonly StepPlan[]> {
  if (!provision || definition.provision.length === 0) return [];
  const plugins = await runtime.plugins();
  const judging = {
    steps: definition.provision,
    provisioners: (type: string) => plugins.provisioner(type),
    baseDir: file.baseDir,
    signal,
  };
  if (stages.includes('provision')) return stepsToRun(judging, handle?.provisioned ?? {});
  return handle === undefined ? [] : stepsLeft(judging, handle);
}

/** What a step that cannot be judged will do to `up`. */
function stepProblem(steps: readonly StepPlan[]): ErrorReport | null {
  const failing = steps.find(({ action }) => action === 'fail');
  if (failing === undefined) return null;
  return {
    code: 'VMCTL_PROVISION_FAILED',
    message: `The step ${failing.name} would fail: ${failing.reason}`,
  };
}

async function removedVm(runtime: Runtime, handle: VmHandle, signal: AbortSignal): Promise<RemovedVm> {
  const { name } = handle;
  return observe(runtime, handle, signal).then(
    (state) => ({ name, state: state.name }),
    () => ({ name, state: 'unknown' as const }),
  );
}
