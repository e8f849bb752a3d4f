import { access, rm } from 'node:fs/promises';
import type {
  ConsoleEndpoint,
  GuestAddress,
  HostFinding,
  Hypervisor,
  HypervisorContext,
  PluginHost,
  Supports,
  VmHandle,
  VmSpec,
  VmState,
} from '@vmctl/core/plugin';
import { FIRMWARE } from './arguments.js';
import { qmp } from './qmp.js';
import { endProcess, startProcess } from './start.js';
import { findProcess } from './vm-process.js';
import { filesOf } from './work-files.js';

/** What QEMU calls a guest whose processors stand still (QEMU: qapi/run-state.json). */
const STANDING = ['paused', 'suspended', 'io-error'];

/** QEMU's `microvm` machine. Everything that it knows of a VM is in the handle and in the work directory. */
export class MicrovmBackend implements Hypervisor {
  readonly name = 'microvm';
  readonly supports: Supports = {
    suspend: true,
    snapshot: false,
    console: 'unix-socket',
    networks: ['user', 'none'],
    firmware: ['bios'],
    imageFormats: ['qcow2', 'raw'],
    forwards: true,
  };
  readonly #host: PluginHost;

  constructor(host: PluginHost) {
    this.#host = host;
  }

  async prepare(spec: VmSpec, { signal }: HypervisorContext): Promise<VmHandle> {
    signal.throwIfAborted();
    this.#refuseUnsupported(spec);
    const files = filesOf({ work_dir: spec.workDir });
    await this.#host.disks.createOverlay({
      base: spec.image,
      overlayPath: files.overlay,
      sizeBytes: spec.diskBytes,
      signal,
    });
    return {
      ...this.#host.newHandle(spec),
      overlay_path: files.overlay,
      qmp_socket: files.qmpSocket,
      console_socket: files.consoleSocket,
    };
  }

  async start(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const state = await this.state(vm, ctx);
    if (state.name === 'destroyed') throw this.#wrongState(vm, 'destroyed', 'started');
    if (state.name === 'suspended') await this.#command(vm, 'cont', ctx);
    const running = await findProcess(this.#host, vm);
    const { pid, startTime } = running ?? (await startProcess(this.#host, vm, ctx));
    return { ...vm, pid, pid_start_time: startTime, booted: true };
  }

  async stop(
    vm: VmHandle,
    { timeoutMs }: { readonly timeoutMs: number },
    ctx: HypervisorContext,
  ): Promise<VmHandle> {
    const { signal } = ctx;
    signal.throwIfAborted();
    const running = await findProcess(this.#host, vm);
    if (running !== undefined && timeoutMs > 0) {
      // A guest that stands still cannot react. One that is just ending need not.
      for (const command of ['cont', 'system_powerdown']) {
        await this.#command(vm, command, ctx).catch((error: unknown) => this.#host.log.debug(command, error));
        signal.throwIfAborted();
      }
      const ended = await this.#host.processes.waitForExit(running, { timeoutMs, signal });
      signal.throwIfAborted();
      if (!ended) {
        ctx.events.emit({
          type: 'warning',
          vm: vm.name,
          code: 'MICROVM_FORCED_OFF',
          message: `${vm.name} did not power off within ${timeoutMs / 1000} s, and is ended by force.`,
        });
      }
    }
    await endProcess(this.#host, vm);
    return { ...vm, pid: null, pid_start_time: null };
  }

  async suspend(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return this.#switch(vm, 'stop', 'suspended', ctx);
  }

  async resume(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return this.#switch(vm, 'cont', 'resumed', ctx);
  }

  async destroy(vm: VmHandle, { signal }: HypervisorContext): Promise<void> {
    signal.throwIfAborted();
    await endProcess(this.#host, vm);
    const { overlay, consoleLog } = filesOf(vm);
    await Promise.all([overlay, consoleLog].map((path) => rm(path, { force: true })));
  }

  async state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
    const running = await findProcess(this.#host, vm);
    if (running === undefined) {
      const exists = await isThere(filesOf(vm).overlay);
      return { name: exists ? (vm.booted === true ? 'stopped' : 'prepared') : 'destroyed' };
    }
    const { pid } = running;
    try {
      const status = statusOf(await this.#command(vm, 'query-status', ctx));
      if (STANDING.includes(status)) return { name: 'suspended', detail: status, pid };
      return { name: 'running', ...(status === 'running' ? {} : { detail: status }), pid };
    } catch (error) {
      ctx.signal.throwIfAborted();
      // It may have ended between the two questions.
      if (!(await this.#host.processes.isAlive(running))) return this.state(vm, ctx);
      return { name: 'running', detail: `QEMU does not answer: ${String(error)}`, pid };
    }
  }

  async guestAddress({ network, ssh_host_port: port }: VmHandle): Promise<GuestAddress> {
    if (network.type === 'none') return { kind: 'none', reason: 'the VM has no network' };
    if (port === null) return { kind: 'none', reason: 'no port of this machine leads to its SSH server' };
    return { kind: 'tcp', host: '127.0.0.1', port, source: 'port forward' };
  }

  console(vm: VmHandle): ConsoleEndpoint {
    return { kind: 'unix-socket', path: filesOf(vm).consoleSocket };
  }

  async diagnose(): Promise<readonly HostFinding[]> {
    const there = await isThere(FIRMWARE);
    return [
      {
        id: 'microvm-firmware',
        status: there ? 'ok' : 'error',
        title: there ? `firmware for microvm: ${FIRMWARE}` : `there is no ${FIRMWARE}`,
        ...(there ? {} : { fix: 'sudo apt-get install seabios' }),
      },
    ];
  }

  async describe(): Promise<string> {
    return 'qemu microvm';
  }

  async #switch(vm: VmHandle, command: string, become: string, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const running = await findProcess(this.#host, vm);
    if (running === undefined) {
      const { name } = await this.state(vm, ctx);
      throw this.#wrongState(vm, name, become);
    }
    await this.#command(vm, command, ctx);
    return vm;
  }

  async #command(vm: VmHandle, command: string, { signal }: HypervisorContext): Promise<unknown> {
    return qmp(await this.#host.sockets.shortPath(filesOf(vm).qmpSocket), command, signal);
  }

  /** Before anything is done: what `supports` denies. */
  #refuseUnsupported({ name, network, firmware, image }: VmSpec): void {
    const { networks, firmware: known, imageFormats } = this.supports;
    const refused = [
      networks.includes(network.type) ? [] : [`network "${network.type}"`],
      known.includes(firmware) ? [] : [`firmware "${firmware}"`],
      imageFormats.includes(image.format) ? [] : [`images of the format ${image.format}`],
    ].flat();
    if (refused.length === 0) return;
    throw this.#host.error('VMCTL_BACKEND_UNSUPPORTED', {
      message: `${name} cannot be made: the backend "microvm" has no ${refused.join(' and no ')}.`,
      hint: 'Use network "user" or "none", and firmware "bios"; or another backend: backend "qemu".',
    });
  }

  #wrongState(vm: VmHandle, state: string, become: string): Error {
    return this.#host.error('VMCTL_VM_WRONG_STATE', {
      message: `${vm.name} is ${state} and cannot be ${become}.`,
      hint: 'Run `vmctl up` to bring it up.',
    });
  }
}

function statusOf(reply: unknown): string {
  const status = typeof reply === 'object' && reply !== null && 'status' in reply ? reply.status : undefined;
  return typeof status === 'string' ? status : 'unknown';
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
