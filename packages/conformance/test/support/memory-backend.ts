import { rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
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
import { consolePathOf, type MemoryEngine } from './memory-engine.ts';

export const MEMORY_SUPPORTS: Supports = {
  suspend: true,
  snapshot: false,
  console: 'unix-socket',
  networks: ['user', 'none'],
  firmware: ['bios'],
  imageFormats: ['raw'],
  forwards: false,
};

/** A correct backend that boots nothing. Defects are made of it by overriding a method. */
export class MemoryBackend implements Hypervisor {
  readonly name = 'memory';
  readonly supports: Supports = MEMORY_SUPPORTS;
  protected readonly host: PluginHost;
  protected readonly engine: MemoryEngine;

  constructor(host: PluginHost, engine: MemoryEngine) {
    this.host = host;
    this.engine = engine;
  }

  async prepare(spec: VmSpec, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    this.refuse(spec);
    try {
      await this.make(spec, ctx);
    } catch (error) {
      await this.discard(spec);
      throw error;
    }
    return this.describeHandle(spec);
  }

  async start(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const machine = this.engine.machines.get(vm.id);
    if (machine === undefined) throw this.wrongState(vm, 'start');
    if (machine.pid !== null) {
      machine.suspended = false;
      return { ...vm, pid: machine.pid, booted: true };
    }
    const socket = await this.host.sockets.shortPath(consolePathOf(vm));
    ctx.signal.throwIfAborted();
    const pid = await this.engine.launch(vm.id, socket);
    try {
      await this.host.files.writeAtomic(`${vm.work_dir}/pidfile`, `${pid}\n`);
      this.engine.meet('start');
      await setTimeout(5, undefined, { signal: ctx.signal }).catch(() => undefined);
      ctx.signal.throwIfAborted();
    } catch (error) {
      await this.undoStart(vm);
      throw error;
    }
    return { ...vm, pid, booted: true };
  }

  async stop(
    vm: VmHandle,
    { timeoutMs }: { readonly timeoutMs: number },
    ctx: HypervisorContext,
  ): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const pid = this.engine.machines.get(vm.id)?.pid ?? null;
    if (pid !== null) {
      const ended = timeoutMs > 0 && (await this.engine.powerOff(vm.id, timeoutMs, ctx.signal));
      if (!ended) await this.engine.kill(vm.id);
    }
    await rm(`${vm.work_dir}/pidfile`, { force: true });
    return { ...vm, pid: null };
  }

  async suspend(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return this.move(vm, true, ctx);
  }

  async resume(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return this.move(vm, false, ctx);
  }

  async destroy(vm: VmHandle, ctx: HypervisorContext): Promise<void> {
    ctx.signal.throwIfAborted();
    if ((this.engine.machines.get(vm.id)?.pid ?? null) !== null) await this.engine.kill(vm.id);
    this.engine.undefine(vm.id);
    for (const file of ['disk', 'settings.json', 'pidfile', 'console.sock']) {
      await rm(`${vm.work_dir}/${file}`, { force: true });
    }
  }

  async state(vm: VmHandle, _ctx: HypervisorContext): Promise<VmState> {
    const pid = this.engine.machines.get(vm.id)?.pid ?? undefined;
    return { name: this.engine.stateOf(vm.id), pid };
  }

  async guestAddress(vm: VmHandle, _ctx: HypervisorContext): Promise<GuestAddress> {
    const port = vm.ssh_host_port;
    if (vm.network.type !== 'user' || port === null) return { kind: 'none', reason: 'it has no network' };
    return { kind: 'tcp', host: '127.0.0.1', port, source: 'port forward' };
  }

  console(vm: VmHandle): ConsoleEndpoint {
    return { kind: 'unix-socket', path: consolePathOf(vm) };
  }

  async describe(_vm: VmHandle, _ctx: HypervisorContext): Promise<string> {
    return 'memory (nothing is booted)';
  }

  async diagnose(_ctx: HypervisorContext): Promise<readonly HostFinding[]> {
    return [{ id: 'memory', status: 'ok', title: 'There is memory' }];
  }

  protected refuse(spec: VmSpec): void {
    const { networks, firmware, imageFormats, forwards } = this.supports;
    const fits =
      networks.includes(spec.network.type) &&
      firmware.includes(spec.firmware) &&
      imageFormats.includes(spec.image.format) &&
      (forwards || spec.forwards.length === 0);
    if (!fits) throw this.unsupported(spec.name);
  }

  protected async make(spec: VmSpec, ctx: HypervisorContext): Promise<void> {
    await this.host.files.writeAtomic(`${spec.workDir}/disk`, 'a disk');
    ctx.signal.throwIfAborted();
    this.engine.meet('prepare');
    await this.host.files.writeAtomic(`${spec.workDir}/settings.json`, '{}');
    await setTimeout(3, undefined, { signal: ctx.signal }).catch(() => undefined);
    ctx.signal.throwIfAborted();
    this.engine.define(spec);
  }

  protected async discard(spec: VmSpec): Promise<void> {
    this.engine.undefine(spec.id);
    for (const file of ['disk', 'settings.json']) await rm(`${spec.workDir}/${file}`, { force: true });
  }

  protected async undoStart(vm: VmHandle): Promise<void> {
    await this.engine.kill(vm.id);
    await rm(`${vm.work_dir}/pidfile`, { force: true });
  }

  protected async move(vm: VmHandle, suspended: boolean, ctx: HypervisorContext): Promise<VmHandle> {
    if (!this.supports.suspend) throw this.unsupported(vm.name);
    ctx.signal.throwIfAborted();
    const machine = this.engine.machines.get(vm.id);
    if (machine === undefined || machine.pid === null) throw this.wrongState(vm, 'suspend or resume');
    machine.suspended = suspended;
    return { ...vm };
  }

  protected describeHandle(spec: VmSpec): VmHandle {
    return {
      ...this.host.newHandle(spec),
      overlay_path: `${spec.workDir}/disk`,
      console_socket: `${spec.workDir}/console.sock`,
    };
  }

  protected unsupported(vm: string): Error {
    return this.host.error('VMCTL_BACKEND_UNSUPPORTED', {
      message: `${vm}: the memory backend cannot do that.`,
      hint: 'See what it supports.',
    });
  }

  protected wrongState(vm: VmHandle, verb: string): Error {
    return this.host.error('VMCTL_VM_WRONG_STATE', {
      message: `${vm.name} is ${this.engine.stateOf(vm.id)}; it cannot ${verb}.`,
      hint: 'Run: vmctl up',
    });
  }
}
