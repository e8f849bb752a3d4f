import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { writeAtomic } from '../host/atomic-file.js';
import { readRegularText } from '../host/regular-file.js';
import type {
  ConsoleEndpoint,
  GuestAddress,
  Hypervisor,
  HypervisorContext,
  PortForward,
  Supports,
  VmHandle,
  VmSpec,
  VmState,
  VmStateName,
} from './contract.js';
import type { VmInspection } from './inspection.js';
import { newHandle } from './new-handle.js';

const GIB = 2 ** 30;

/** Where a noop VM says that its SSH server is; for tests with a real sshd. */
export interface NoopOptions {
  /** `host:port` of an SSH server that plays the guest of every VM; without it there is no address. */
  readonly sshAddress?: string | undefined;
}

/**
 * A backend that boots nothing: it keeps a VM's state in a file of its work directory. It makes everything around
 * hypervisors testable, without one.
 */
export class NoopBackend implements Hypervisor {
  readonly name = 'noop';
  readonly supports: Supports = {
    suspend: true,
    snapshot: false,
    console: 'none',
    networks: ['user', 'tap', 'vnic', 'none'],
    firmware: ['bios', 'uefi'],
    imageFormats: ['qcow2', 'raw'],
    forwards: true,
    liveForwards: true,
    growDisk: true,
  };
  readonly #options: NoopOptions;

  constructor(options: NoopOptions = {}) {
    this.#options = options;
  }

  async prepare(spec: VmSpec, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const handle = newHandle(spec);
    await this.#write(handle, 'prepared');
    return handle;
  }

  async start(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const now = await this.#read(vm);
    if (now === 'destroyed') throw gone(vm);
    await this.#write(vm, 'running');
    return { ...vm, booted: true };
  }

  async stop(vm: VmHandle, _options: { readonly timeoutMs: number }, ctx: HypervisorContext) {
    ctx.signal.throwIfAborted();
    const now = await this.#read(vm);
    if (now === 'running' || now === 'suspended') await this.#write(vm, 'stopped');
    return { ...vm, pid: null };
  }

  async suspend(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    await this.#move(vm, 'running', 'suspended', ctx);
    return vm;
  }

  async resume(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    await this.#move(vm, 'suspended', 'running', ctx);
    return vm;
  }

  async destroy(vm: VmHandle, ctx: HypervisorContext): Promise<void> {
    ctx.signal.throwIfAborted();
    await rm(stateFile(vm), { force: true });
  }

  async state(vm: VmHandle): Promise<VmState> {
    return { name: await this.#read(vm) };
  }

  async inspect(vm: VmHandle): Promise<VmInspection | undefined> {
    const state = await this.#read(vm);
    if (state !== 'running' && state !== 'suspended') return undefined;
    return {
      status: state,
      engine: 'noop',
      vcpus: vm.vcpus,
      memory: { bytes: vm.memory_mb * 2 ** 20 },
      disks: [],
      problems: [],
    };
  }

  async guestAddress(): Promise<GuestAddress> {
    const { sshAddress } = this.#options;
    if (sshAddress === undefined) return { kind: 'none', reason: 'the noop backend boots no guest' };
    const colon = sshAddress.lastIndexOf(':');
    return {
      kind: 'tcp',
      host: sshAddress.slice(0, colon),
      port: Number(sshAddress.slice(colon + 1)),
      source: 'configured',
    };
  }

  async setForwards(
    vm: VmHandle,
    forwards: readonly PortForward[],
    ctx: HypervisorContext,
  ): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    return { ...vm, forwards };
  }

  async growDisk(vm: VmHandle, bytes: number, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const now = await this.#read(vm);
    if (now === 'running' || now === 'suspended' || now === 'destroyed') {
      throw new VmctlError('VMCTL_VM_WRONG_STATE', {
        message: `${vm.name} is ${now}; only the disk of a VM that does not run can grow.`,
        hint: `Stop it first: vmctl stop ${vm.name}`,
      });
    }
    return { ...vm, disk_gb: Math.max(vm.disk_gb ?? 0, Math.ceil(bytes / GIB)) };
  }

  console(): ConsoleEndpoint {
    return { kind: 'none', reason: 'the noop backend has no console' };
  }

  async describe(): Promise<string> {
    return 'noop (nothing is booted)';
  }

  async #move(vm: VmHandle, from: VmStateName, to: VmStateName, ctx: HypervisorContext): Promise<void> {
    ctx.signal.throwIfAborted();
    const now = await this.#read(vm);
    if (now === to) return;
    if (now !== from) {
      throw new VmctlError('VMCTL_VM_WRONG_STATE', {
        message: `${vm.name} is ${now}; only a ${from} VM can become ${to}.`,
        hint: 'See `vmctl status` for the state of the VM.',
      });
    }
    await this.#write(vm, to);
  }

  async #read(vm: VmHandle): Promise<VmStateName> {
    try {
      const text = (await readRegularText(stateFile(vm))).trim();
      if (text === 'prepared' || text === 'running' || text === 'suspended' || text === 'stopped')
        return text;
      return 'failed';
    } catch {
      return 'destroyed';
    }
  }

  async #write(vm: VmHandle, state: VmStateName): Promise<void> {
    await writeAtomic(stateFile(vm), `${state}\n`);
  }
}

function stateFile(vm: VmHandle): string {
  return join(vm.work_dir, 'noop-state');
}

function gone(vm: VmHandle): VmctlError {
  return new VmctlError('VMCTL_VM_WRONG_STATE', {
    message: `${vm.name} is destroyed and cannot start.`,
    hint: 'Run `vmctl up` to make it anew.',
  });
}
