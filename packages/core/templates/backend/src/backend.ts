import type {
  ConsoleEndpoint,
  GuestAddress,
  Hypervisor,
  HypervisorContext,
  PluginHost,
  Supports,
  VmHandle,
  VmSpec,
  VmState,
} from '@vmctl/core/plugin';
import { end, launch, readRecord, removeRecord, writeRecord } from './engine.js';

/**
 * A backend whose VMs are processes that do nothing. What it does around them is what every backend does.
 *
 * It keeps no state in memory: each call may come from another vmctl than the last, and has nothing but the handle and
 * the VM's work directory.
 */
export class ProcessBackend implements Hypervisor {
  readonly name = 'template-word';

  // What the backend can do, as data: vmctl asks before it tries, and the conformance kit skips what is denied here.
  readonly supports: Supports = {
    suspend: false,
    snapshot: false,
    console: 'none',
    networks: ['none'],
    firmware: ['bios'],
    imageFormats: ['qcow2', 'raw'],
    forwards: false,
  };
  readonly #host: PluginHost;

  constructor(host: PluginHost) {
    this.#host = host;
  }

  // Makes all that the VM needs, in its work directory. When it fails or is aborted, nothing may be left: here there is
  // one file, and it is written in one step.
  async prepare(spec: VmSpec, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    this.#refuse(spec);
    await writeRecord(this.#host, spec.workDir, { booted: false });
    // A real backend makes the disk here: await this.#host.disks.createOverlay(…)
    return this.#host.newHandle(spec);
  }

  async start(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const record = await readRecord(vm.work_dir);
    if (record === undefined) throw this.#gone(vm);
    let engine = record.process;
    if (engine === undefined || !(await this.#host.processes.isAlive(engine))) {
      engine = await launch(this.#host, vm.work_dir);
      try {
        await writeRecord(this.#host, vm.work_dir, { booted: true, process: engine });
      } catch (error) {
        // A start that fails leaves nothing that runs.
        await end(this.#host, engine, { timeoutMs: 0 });
        throw error;
      }
    }
    return { ...vm, pid: engine.pid, pid_start_time: engine.startTime, booted: true };
  }

  async stop(
    vm: VmHandle,
    options: { readonly timeoutMs: number },
    ctx: HypervisorContext,
  ): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const { timeoutMs } = options;
    const record = await readRecord(vm.work_dir);
    if (record?.process !== undefined) {
      await end(this.#host, record.process, { timeoutMs, signal: ctx.signal });
      await writeRecord(this.#host, vm.work_dir, { booted: true });
    }
    // Fields that this backend does not know stay as they are.
    return { ...vm, pid: null, pid_start_time: null };
  }

  async suspend(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    throw this.#unsupported(`suspend ${vm.name}`);
  }

  async resume(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    throw this.#unsupported(`resume ${vm.name}`);
  }

  // Removes what this backend made; the work directory itself is vmctl's.
  async destroy(vm: VmHandle, ctx: HypervisorContext): Promise<void> {
    ctx.signal.throwIfAborted();
    const record = await readRecord(vm.work_dir);
    if (record?.process !== undefined) await end(this.#host, record.process, { timeoutMs: 0 });
    await removeRecord(vm.work_dir);
  }

  // The state is looked at, never remembered: the process may have ended by itself.
  async state(vm: VmHandle): Promise<VmState> {
    const record = await readRecord(vm.work_dir);
    if (record === undefined) return { name: 'destroyed' };
    if (record.process !== undefined && (await this.#host.processes.isAlive(record.process))) {
      return { name: 'running', pid: record.process.pid };
    }
    return { name: record.booted ? 'stopped' : 'prepared' };
  }

  // A backend with a network says where the guest's SSH server is: { kind: 'tcp', host, port, source }.
  async guestAddress(): Promise<GuestAddress> {
    return { kind: 'none', reason: `the backend ${this.name} boots no guest` };
  }

  console(): ConsoleEndpoint {
    return { kind: 'none', reason: `the backend ${this.name} has no console` };
  }

  async describe(): Promise<string> {
    return `${this.name} (a process that does nothing)`;
  }

  /** Refuses what `supports` denies, before anything is done. */
  #refuse({ network, firmware, image, forwards, name }: VmSpec): void {
    const { networks, firmware: firmwares, imageFormats } = this.supports;
    if (!networks.includes(network.type)) {
      throw this.#unsupported(`connect ${name} to the network "${network.type}"`, 'Write: network "none"');
    }
    if (!firmwares.includes(firmware)) throw this.#unsupported(`boot ${name} with ${firmware}`);
    if (!imageFormats.includes(image.format)) throw this.#unsupported(`use an image in ${image.format}`);
    if (forwards.length > 0) throw this.#unsupported(`forward ports to ${name}`);
  }

  #unsupported(what: string, hint = 'Choose another backend for this VM.'): Error {
    return this.#host.error('VMCTL_BACKEND_UNSUPPORTED', {
      message: `The backend ${this.name} cannot ${what}.`,
      hint,
    });
  }

  #gone(vm: VmHandle): Error {
    return this.#host.error('VMCTL_VM_WRONG_STATE', {
      message: `${vm.name} is destroyed and cannot start.`,
      hint: 'Run `vmctl up` to make it anew.',
    });
  }
}
