import { resolve } from 'node:path';
import { reportError } from '../errors/error-report.js';
import type { VmResult } from '../events/events.js';
import { elapsedSince } from '../host/elapsed.js';
import { type Milestone, schedule } from '../pipeline/scheduler.js';
import type { StageServices } from '../pipeline/stage-services.js';
import { tapCoreStages } from '../pipeline/stages.js';
import type { UpHooks } from '../plugins/hooks.js';
import type { ConfirmInstall } from '../project-plugins/prepare.js';
import type { VmDefinition, VmFile } from '../vmfile/model.js';
import { defaultBridge, parallelism } from './effective-settings.js';
import type { OperationResult } from './operation-result.js';
import { openProject } from './project.js';
import type { Runtime } from './runtime.js';

/** What the operations share that take VMs of a VMFile through stages of `up`. */
export interface ProjectRunOptions {
  /** Path of the VMFile; default: found from the working directory upwards. */
  readonly file?: string | undefined;
  /** How many VMs at a time; default: the configuration's, else the number of processors, at least 4. */
  readonly parallel?: number | undefined;
  /** Login user, before what the VMFile says. */
  readonly user?: string | undefined;
  /** Private key to log in with, before what the VMFile says; relative to the working directory. */
  readonly key?: string | undefined;
  /** False: fail at once when another command works on a VM. Default true. */
  readonly wait?: boolean | undefined;
  /**
   * Asked before plugins are installed that the VMFile requires; a `false` ends the operation. Default: nothing is
   * installed, and it fails with VMCTL_PLUGIN_REQUIRED.
   */
  readonly confirmInstall?: ConfirmInstall | undefined;
  /** Refuse plugins that are not what the lock file beside the VMFile pins, and never write it. Default false. */
  readonly frozen?: boolean | undefined;
  /** Pin also what is required and installed already, in the lock file beside the VMFile. Default false. */
  readonly pinInstalled?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What one VM of a run is worked on with. */
export interface VmRun {
  readonly runtime: Runtime;
  readonly services: StageServices;
  readonly hooks: UpHooks;
  readonly definition: VmDefinition;
  /** Directory of the VMFile, or the working directory. */
  readonly baseDir: string;
  readonly wait: boolean;
  readonly signal: AbortSignal;
  readonly reached: (milestone: Milestone) => void;
}

/** What an operation does with its VMs. */
export interface ProjectJob {
  /** For events and for whoever waits for a lock: `up`. */
  readonly operation: string;
  /** The VMs that it is about. */
  readonly select: (file: VmFile) => readonly VmDefinition[];
  /** Never rejects for what goes wrong with the VM: that is the result. */
  readonly work: (run: VmRun) => Promise<VmResult>;
}

/**
 * Works on VMs of a VMFile: all at once, each after what it depends on. Rejects for a bad VMFile or an unknown name,
 * before anything is done; what goes wrong with one VM is in the result and in the events.
 */
export async function runProject(
  given: Runtime,
  options: ProjectRunOptions,
  job: ProjectJob,
): Promise<OperationResult> {
  const signal = options.signal ?? new AbortController().signal;
  const { confirmInstall, frozen, pinInstalled } = options;
  const { file, runtime } = await openProject(given, options.file, {
    confirmInstall,
    frozen,
    pinInstalled,
    signal,
  });
  return runVms(
    runtime,
    { definitions: job.select(file), baseDir: file.baseDir, vmfile: file.path },
    options,
    job,
  );
}

/** Works on these VMs as {@link runProject} does. Rejects only for what is wrong with all of them. */
export async function runVms(
  runtime: Runtime,
  vms: {
    readonly definitions: readonly VmDefinition[];
    /** Absolute; relative paths of steps start there. */
    readonly baseDir: string;
    /** Undefined for VMs without one. */
    readonly vmfile: string | undefined;
  },
  options: ProjectRunOptions,
  job: Pick<ProjectJob, 'operation' | 'work'>,
): Promise<OperationResult> {
  const started = performance.now();
  const signal = options.signal ?? new AbortController().signal;
  const { definitions } = vms;
  const { events } = runtime;
  const plugins = await runtime.plugins();
  await runtime.dataDir.open();
  const unusable = await plugins.activatePipeline();
  const services = {
    router: runtime.router,
    registry: runtime.registry,
    images: () => runtime.images(),
    plugins,
    exec: runtime.exec,
    homeDir: runtime.homeDir,
    env: runtime.env,
    login: {
      user: options.user,
      key: options.key === undefined ? undefined : resolve(runtime.cwd, options.key),
    },
    bridge: defaultBridge(runtime),
    vmfilePath: vms.vmfile,
  };
  tapCoreStages(plugins.host.hooks);
  events.emit({ type: 'run.started', operation: job.operation, vms: definitions.map((vm) => vm.name) });
  for (const error of unusable) {
    const { code, message, hint } = reportError(error);
    events.emit({ type: 'warning', vm: undefined, code, message, hint });
  }

  const outcomes = await schedule(
    definitions.map((definition) => ({
      name: definition.name,
      dependsOn: definition.dependsOn,
      run: async (reached) => {
        const result = await job.work({
          runtime,
          services,
          hooks: plugins.host.hooks.up,
          definition,
          baseDir: vms.baseDir,
          wait: options.wait ?? true,
          signal,
          reached,
        });
        if (isWell(result)) reached('provisioned');
        return result;
      },
    })),
    { parallel: parallelism(runtime, options.parallel), signal },
  );

  const results = outcomes.map((outcome): VmResult => {
    if (outcome.status === 'fulfilled') return outcome.value;
    const result: VmResult = {
      vm: outcome.name,
      outcome: outcome.status === 'blocked' ? 'blocked' : signal.aborted ? 'interrupted' : 'failed',
      durationMs: 0,
      error: reportError(outcome.error),
    };
    events.emit({ type: 'vm.finished', ...result });
    return result;
  });
  const ok = results.every(isWell);
  const durationMs = elapsedSince(started);
  events.emit({ type: 'run.finished', operation: job.operation, ok, durationMs, vms: results });
  await events.settled();
  return { ok, vms: results };
}

function isWell({ outcome }: VmResult): boolean {
  return outcome !== 'failed' && outcome !== 'blocked' && outcome !== 'interrupted';
}
