import type {
  ConsoleEndpoint,
  GuestAddress,
  HostFinding,
  Hypervisor,
  HypervisorContext,
  PluginHost,
  PortForward,
  Supports,
  VmHandle,
  VmInspection,
  VmSpec,
  VmState,
} from '@vmctl/core/plugin';
import { type Accelerator, AcceleratorProbe } from './accelerator.js';
import { EmulationWarning } from './emulation-warning.js';
import { findGuest } from './guest-address.js';
import { refuseUnsupported, SUPPORTS } from './machine.js';
import { openMonitor } from './monitor.js';
import { prepareVm } from './prepare.js';
import { findQemu, readVersion } from './qemu-binary.js';
import type { QemuProcess } from './qemu-process.js';
import { isAsleep, runState } from './run-state.js';
import { forceOff, powerDown, warnForced } from './shutdown.js';
import { startVm, withProcess } from './start.js';
import { findProcess } from './vm-process.js';
import { fileSize, filesOf, removeAllFiles, removeRunFiles } from './work-files.js';

/** How long QEMU may take until it answers; that takes 50 ms, and more on a host that swaps. */
const START_DEADLINE_MS = 30_000;
/** For a command whose result nobody waits for with patience: `list` asks every VM. */
const STATUS_TIMEOUT_MS = 2_000;

export interface QemuBackendOptions {
  readonly startDeadlineMs?: number | undefined;
  readonly probe?: AcceleratorProbe | undefined;
}

/** VMs as QEMU processes of this host, found again through their work directories. */
export class QemuBackend implements Hypervisor {
  readonly name = 'qemu';
  readonly supports: Supports = SUPPORTS;
  readonly #host: PluginHost;
  readonly #startDeadlineMs: number;
  readonly #probe: AcceleratorProbe;
  /** By VM id, the ones that this process has started: it hears their last words. */
  readonly #started = new Map<string, QemuProcess>();
  readonly #emulationWarning: EmulationWarning;

  constructor(host: PluginHost, options: QemuBackendOptions = {}) {
    this.#host = host;
    this.#startDeadlineMs = options.startDeadlineMs ?? START_DEADLINE_MS;
    this.#probe = options.probe ?? new AcceleratorProbe(host);
    this.#emulationWarning = new EmulationWarning(host, this.#probe);
  }

  prepare(spec: VmSpec, ctx: HypervisorContext): Promise<VmHandle> {
    return prepareVm(this.#host, spec, ctx.signal);
  }

  async start(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    refuseUnsupported(this.#host, vm);
    // Two QEMUs on one disk ruin it, so this is the place to look everywhere.
    const identity = await findProcess(this.#host, vm, { search: true });
    if (identity !== undefined) {
      const state = await this.state(vm, ctx);
      if (state.name === 'suspended') return this.resume(vm, ctx);
      if (state.name !== 'failed') return withProcess(vm, identity);
      await forceOff(this.#host, vm, identity);
    }
    const { handle, launched } = await startVm({
      host: this.#host,
      vm,
      ctx,
      probe: this.#probe,
      deadlineMs: this.#startDeadlineMs,
      onEmulation: (accelerator, qemu) => this.#emulationWarning.say(accelerator, qemu, ctx),
    });
    this.#started.set(vm.id, launched.process);
    return handle;
  }

  async stop(
    vm: VmHandle,
    { timeoutMs }: { readonly timeoutMs: number },
    ctx: HypervisorContext,
  ): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const identity = await findProcess(this.#host, vm);
    if (identity !== undefined) {
      const { signal } = ctx;
      const ended = timeoutMs > 0 && (await powerDown(this.#host, vm, identity, { timeoutMs, signal }));
      if (!ended) {
        if (timeoutMs > 0) warnForced(vm, timeoutMs, ctx);
        await forceOff(this.#host, vm, identity);
      }
    }
    await removeRunFiles(vm);
    this.#started.delete(vm.id);
    return { ...vm, pid: null, pid_start_time: null };
  }

  async suspend(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return this.#control(vm, ctx, 'suspend', async (monitor, status) => {
      if (runState(status).name === 'running') {
        await monitor.execute('stop', undefined, { signal: ctx.signal });
      }
    });
  }

  async resume(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return this.#control(vm, ctx, 'resume', async (monitor, status) => {
      const { signal } = ctx;
      if (isAsleep(status)) await monitor.execute('system_wakeup', undefined, { signal });
      else if (runState(status).name !== 'running') await monitor.execute('cont', undefined, { signal });
    });
  }

  async destroy(vm: VmHandle, ctx: HypervisorContext): Promise<void> {
    ctx.signal.throwIfAborted();
    const identity = await findProcess(this.#host, vm, { search: true });
    if (identity !== undefined) await forceOff(this.#host, vm, identity, { termGraceMs: 0 });
    await removeAllFiles(vm);
    this.#started.delete(vm.id);
  }

  async state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
    const identity = await findProcess(this.#host, vm);
    if (identity === undefined) return this.#stateAtRest(vm);
    const { pid } = identity;
    try {
      const waiting = { signal: ctx.signal, timeoutMs: STATUS_TIMEOUT_MS };
      await using monitor = await openMonitor(this.#host, vm, identity, waiting);
      return { ...runState(await monitor.execute('query-status', undefined, waiting)), pid };
    } catch (error) {
      ctx.signal.throwIfAborted();
      this.#host.log.debug(`${vm.name} does not say how it is`, error);
      // It may have ended between the two questions.
      if (!(await this.#host.processes.isAlive(identity))) return this.#stateAtRest(vm);
      return { name: 'running', detail: 'QEMU runs, its control socket does not answer', pid };
    }
  }

  async inspect(vm: VmHandle, ctx: HypervisorContext): Promise<VmInspection | undefined> {
    ctx.signal.throwIfAborted();
    const identity = await findProcess(this.#host, vm);
    if (identity === undefined) return undefined;
    const { inspectVm } = await import('./inspect.js');
    return inspectVm(this.#host, vm, identity, { signal: ctx.signal });
  }

  guestAddress(vm: VmHandle, ctx: HypervisorContext): Promise<GuestAddress> {
    return findGuest(this.#host, vm, ctx.signal);
  }

  async setForwards(
    vm: VmHandle,
    forwards: readonly PortForward[],
    ctx: HypervisorContext,
  ): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    refuseUnsupported(this.#host, { ...vm, forwards });
    const identity = await findProcess(this.#host, vm);
    if (identity === undefined) return { ...vm, forwards };
    const { changeForwards } = await import('./live-forwards.js');
    await using monitor = await openMonitor(this.#host, vm, identity, { signal: ctx.signal });
    await changeForwards(this.#host, monitor, vm, forwards);
    return { ...withProcess(vm, identity), forwards };
  }

  async growDisk(vm: VmHandle, bytes: number, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    // Two writers of one disk ruin it, so this is the place to look everywhere.
    if ((await findProcess(this.#host, vm, { search: true })) !== undefined) {
      throw this.#host.error('VMCTL_VM_WRONG_STATE', {
        message: `${vm.name} runs; only the disk of a VM that does not run can grow.`,
        hint: `Stop it first: vmctl stop ${vm.name}`,
        details: { vm: vm.name },
      });
    }
    const { growDisk } = await import('./grow-disk.js');
    return growDisk(this.#host, vm, bytes, ctx.signal);
  }

  console(vm: VmHandle): ConsoleEndpoint {
    return { kind: 'unix-socket', path: filesOf(vm).consoleSocket };
  }

  async diagnose(): Promise<readonly HostFinding[]> {
    const { diagnoseHost } = await import('./diagnose.js');
    return diagnoseHost(this.#host, this.#probe);
  }

  async describe(vm: VmHandle, ctx: HypervisorContext): Promise<string> {
    const binary = await findQemu(this.#host);
    const { qemu_version: known, accelerator: running } = vm;
    const { major, minor } =
      typeof known === 'string' && /^\d+\.\d+/.test(known)
        ? { major: known.split('.')[0], minor: known.split('.')[1] }
        : await readVersion(this.#host, binary, ctx.signal);
    const now = await this.#probe.choose(binary);
    const name = running === 'kvm' || running === 'tcg' ? running : now.name;
    const why = name === 'tcg' && now.name === 'tcg' ? EMULATION_REASONS[now.reason] : '';
    return `qemu ${major}.${minor} (${name}${why})`;
  }

  /** How a VM without a process is. */
  async #stateAtRest(vm: VmHandle): Promise<VmState> {
    const { overlay, consoleLog } = filesOf(vm);
    if ((await fileSize(overlay)) === undefined) {
      return { name: 'destroyed', detail: `there is no ${overlay}` };
    }
    // QEMU makes the log: it is there even when vmctl was killed before it could write down that it had started one.
    const booted = vm.booted !== false || (await fileSize(consoleLog)) !== undefined;
    if (!booted) return { name: 'prepared' };
    return { name: 'stopped', detail: lastWords(this.#started.get(vm.id)) };
  }

  /** Does something with a QEMU that answers. */
  async #control(
    vm: VmHandle,
    ctx: HypervisorContext,
    verb: string,
    action: (monitor: Awaited<ReturnType<typeof openMonitor>>, status: unknown) => Promise<void>,
  ): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const identity = await findProcess(this.#host, vm);
    if (identity === undefined) {
      throw this.#host.error('VMCTL_VM_NOT_RUNNING', {
        message: `${vm.name} does not run; there is nothing to ${verb}.`,
        hint: `Start it: vmctl start ${vm.name}`,
        details: { vm: vm.name },
      });
    }
    await using monitor = await openMonitor(this.#host, vm, identity, { signal: ctx.signal });
    const status = await monitor.execute('query-status', undefined, { signal: ctx.signal });
    const { name, detail } = runState(status);
    if (name === 'failed' || name === 'preparing') {
      throw this.#host.error('VMCTL_VM_WRONG_STATE', {
        message: `${vm.name} cannot ${verb}: ${detail ?? name}.`,
        hint: `End it with: vmctl stop ${vm.name} --force`,
        details: { vm: vm.name, state: name },
      });
    }
    await action(monitor, status);
    return withProcess(vm, identity);
  }
}

/** For the line of the stage `start`. */
const EMULATION_REASONS: Readonly<Record<Extract<Accelerator, { name: 'tcg' }>['reason'], string>> = {
  missing: ': no kvm',
  permission: ': no permission for kvm',
  unusable: ': kvm unusable',
  foreign: ': foreign processor',
  chosen: '',
};

/** Why a QEMU that this process started is no more, where that is out of the ordinary. */
function lastWords(process: QemuProcess | undefined): string | undefined {
  const end = process?.end;
  if (process === undefined || end === undefined || (end.exitCode === 0 && end.signal === null))
    return undefined;
  const how = end.signal === null ? `ended with exit code ${end.exitCode}` : `was ended by ${end.signal}`;
  const words = process.stderr.split('\n').at(-1) ?? '';
  return `QEMU ${how}${words === '' ? '' : `: ${words}`}`;
}
