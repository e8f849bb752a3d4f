import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { reportError } from '../errors/error-report.js';
import type { VmResult } from '../events/events.js';
import { schedule } from '../pipeline/scheduler.js';
import { tapCoreStages } from '../pipeline/stages.js';
import type { ConfirmInstall } from '../project-plugins/prepare.js';
import type { Runtime } from './runtime.js';
import { openProject } from './project.js';
import { selectVms } from './select-vms.js';
import { upVm } from './up-vm.js';

export interface UpOptions {
  /** Path of the VMFile; default: found from the working directory upwards. */
  readonly file?: string | undefined;
  /** VMs to bring up, with what they depend on; default all. */
  readonly names?: readonly string[] | undefined;
  /** Default true. */
  readonly provision?: boolean | undefined;
  /** How many VMs at a time; default the number of processors, at least 4. */
  readonly parallel?: number | undefined;
  /** Login user, before what the VMFile says. */
  readonly user?: string | undefined;
  /** Private key to log in with, before what the VMFile says; relative to the working directory. */
  readonly key?: string | undefined;
  /** False: fail at once when another command works on a VM. Default true. */
  readonly wait?: boolean | undefined;
  /**
   * Asked before plugins are installed that the VMFile requires; a `false` ends `up`. Default: nothing is installed,
   * and `up` fails with VMCTL_PLUGIN_REQUIRED.
   */
  readonly confirmInstall?: ConfirmInstall | undefined;
  /** Refuse plugins that are not what the lock file beside the VMFile pins, and never write it. Default false. */
  readonly frozen?: boolean | undefined;
  /** Pin also what is required and installed already, in the lock file beside the VMFile. Default false. */
  readonly pinInstalled?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of an operation on several VMs. */
export interface OperationResult {
  readonly ok: boolean;
  readonly vms: readonly VmResult[];
}

/**
 * Brings VMs up: all at once, each through its stages. Rejects for a bad VMFile or an unknown name, before
 * anything is done; what goes wrong with one VM is in the result and in the events.
 */
export async function up(given: Runtime, options: UpOptions = {}): Promise<OperationResult> {
  const started = performance.now();
  const signal = options.signal ?? new AbortController().signal;
  const { confirmInstall, frozen, pinInstalled } = options;
  const { file, runtime } = await openProject(given, options.file, {
    confirmInstall,
    frozen,
    pinInstalled,
    signal,
  });
  const { events } = runtime;
  const plugins = await runtime.plugins();
  const definitions = selectVms(file, options.names ?? [], { withDependencies: true });
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
    vmfilePath: file.path,
  };
  tapCoreStages(plugins.host.hooks);
  events.emit({ type: 'run.started', operation: 'up', vms: definitions.map((vm) => vm.name) });
  for (const error of unusable) {
    const { code, message, hint } = reportError(error);
    events.emit({ type: 'warning', vm: undefined, code, message, hint });
  }

  const outcomes = await schedule(
    definitions.map((definition) => ({
      name: definition.name,
      dependsOn: definition.dependsOn,
      run: async (reached) => {
        const result = await upVm({
          runtime,
          services,
          hooks: plugins.host.hooks.up,
          definition,
          baseDir: file.baseDir,
          provision: options.provision ?? true,
          wait: options.wait ?? true,
          signal,
          reached,
        });
        if (isUp(result)) reached('provisioned');
        return result;
      },
    })),
    { parallel: options.parallel ?? Math.max(4, availableParallelism()), signal },
  );

  const vms = outcomes.map((outcome): VmResult => {
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
  const ok = vms.every(isUp);
  const durationMs = performance.now() - started;
  events.emit({ type: 'run.finished', operation: 'up', ok, durationMs, vms });
  return { ok, vms };
}

function isUp({ outcome }: VmResult): boolean {
  return outcome === 'up' || outcome === 'already-running';
}
