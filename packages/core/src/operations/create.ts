import { access, constants } from 'node:fs/promises';
import { VmctlError } from '../errors/vmctl-error.js';
import type { VmResult } from '../events/events.js';
import { defineOneOffVm, type OneOffVm } from '../vmfile/one-off-vm.js';
import type { OperationResult } from './operation-result.js';
import { runVms, type VmRun } from './project-run.js';
import type { Runtime } from './runtime.js';
import { endingOf } from './vm-ending.js';
import { type Ending, runVm, runVmStages, stageContext } from './vm-run.js';

export interface CreateOptions extends OneOffVm {
  /** Start it as well. Default false. */
  readonly start?: boolean | undefined;
  /** False: fail at once when another command works on a VM of that name. Default true. */
  readonly wait?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes one VM without a VMFile, and starts it when asked to; the guest is not waited for.
 *
 * @throws VMCTL_USAGE, VMCTL_VM_NAME_INVALID, VMCTL_VM_EXISTS, VMCTL_FILE_NOT_FOUND before anything is done
 */
export async function create(runtime: Runtime, options: CreateOptions): Promise<OperationResult> {
  const { name, start = false } = options;
  const workDir = runtime.dataDir.workDir(name);
  const definition = defineOneOffVm(options, { baseDir: runtime.cwd, homeDir: runtime.homeDir });
  await mustBeFree(runtime, name);
  await mustBeReadable(definition.cloudInit?.userDataPath);
  return runVms(
    runtime,
    { definitions: [definition], baseDir: runtime.cwd, vmfile: undefined },
    { wait: options.wait, signal: options.signal },
    { operation: 'create', work: (run) => createVm(run, { workDir, start }) },
  );
}

async function createVm(
  run: VmRun,
  { workDir, start }: { readonly workDir: string; readonly start: boolean },
): Promise<VmResult> {
  return runVm(run, 'create', async (): Promise<Ending> => {
    await mustBeFree(run.runtime, run.definition.name);
    const ctx = stageContext(run, workDir, undefined);
    return endingOf(run, ctx, {
      outcome: start ? 'started' : 'created',
      isPending: false,
      again: 'vmctl create',
      goOn: `vmctl start ${run.definition.name}`,
      work: () =>
        runVmStages(run, ctx, {
          services: run.services,
          stages: start ? ['resolve', 'prepare', 'start'] : ['resolve', 'prepare'],
        }),
    });
  });
}

async function mustBeFree(runtime: Runtime, name: string): Promise<void> {
  if ((await runtime.registry.get(name)) === undefined) return;
  throw new VmctlError('VMCTL_VM_EXISTS', {
    message: `There is a VM "${name}" already.`,
    hint: `Choose another name, or remove it first: vmctl destroy ${name}`,
    details: { name },
  });
}

async function mustBeReadable(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  try {
    await access(path, constants.R_OK);
  } catch (cause) {
    throw new VmctlError('VMCTL_FILE_NOT_FOUND', {
      message: `The user-data file cannot be read: ${path}`,
      hint: 'Paths are relative to the working directory.',
      cause,
      details: { path },
    });
  }
}
