import type { Duplex } from 'node:stream';
import { VmctlError } from '../errors/vmctl-error.js';
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
} from '../hypervisor/contract.js';
import { newHandle } from '../hypervisor/new-handle.js';
import type { VmInspection } from '../hypervisor/inspection.js';
import { DEFAULT_DEADLINE_MS, withDeadline } from './deadline.js';
import { type FakeFault, FaultPlan } from './fault-plan.js';

const GIB = 2 ** 30;

/** The calls of a backend that can be made to go wrong. */
export type FakeHypervisorMethod =
  | 'prepare'
  | 'start'
  | 'stop'
  | 'suspend'
  | 'resume'
  | 'destroy'
  | 'state'
  | 'inspect'
  | 'guestAddress'
  | 'openConsole'
  | 'setForwards'
  | 'growDisk';

/** One call, in the order they came. */
export interface FakeHypervisorCall {
  readonly method: FakeHypervisorMethod;
  /** The VM's name. */
  readonly vm: string;
  /** `open` until it settled. */
  state: 'open' | 'done' | 'failed';
}

/** What a fake backend is like. */
export interface FakeHypervisorOptions {
  /** Default `fake`. */
  readonly name?: string | undefined;
  /** What differs from a backend that can do everything but snapshots and a console. */
  readonly supports?: Partial<Supports> | undefined;
  /** Where guests that run are reached. Default: none, nothing is booted. */
  readonly guestAddress?: GuestAddress | undefined;
  /**
   * Plays the serial console of a guest that runs; `supports.console` is then `websocket`. The test ends the streams that it
   * gives. Default: there is no console.
   */
  readonly console?: ((vm: VmHandle, options: { readonly replay: boolean }) => Duplex) | undefined;
}

/**
 * A backend in memory, for tests of what calls a {@link Hypervisor}. It keeps to the contract: states are what they
 * would be, `stop` and `destroy` are idempotent, what `supports` denies is refused, an aborted call rejects and changes
 * nothing.
 *
 * ```ts
 * const backend = new FakeHypervisor().fail('start', { nth: 2 });
 * host.hooks.hypervisor.for('fake').tapPromise('test', async () => backend);
 * ```
 */
export class FakeHypervisor implements Hypervisor {
  readonly name: string;
  readonly supports: Supports;
  /** All calls so far. */
  readonly calls: FakeHypervisorCall[] = [];
  /** Only with the option `console`. */
  readonly openConsole: Hypervisor['openConsole'];
  readonly #guestAddress: GuestAddress;
  readonly #states = new Map<string, VmStateName>();
  readonly #faults = new FaultPlan<FakeHypervisorMethod>();
  readonly #watchers = new Set<() => void>();

  constructor({ name = 'fake', supports, guestAddress, console }: FakeHypervisorOptions = {}) {
    this.name = name;
    this.supports = {
      suspend: true,
      snapshot: false,
      console: console === undefined ? 'none' : 'websocket',
      networks: ['user', 'tap', 'vnic', 'none'],
      firmware: ['bios', 'uefi'],
      imageFormats: ['qcow2', 'raw'],
      forwards: true,
      liveForwards: true,
      growDisk: true,
      ...supports,
    };
    this.openConsole =
      console && ((vm, options, ctx) => this.#openConsole(vm, ctx, () => console(vm, options)));
    this.#guestAddress = guestAddress ?? { kind: 'none', reason: 'the fake backend boots no guest' };
  }

  /** Makes a call of a method fail. */
  fail(method: FakeHypervisorMethod, fault: FakeFault = {}): this {
    this.#faults.add('fail', method, fault);
    return this;
  }

  /** Makes a call of a method wait until its signal is aborted; it then rejects with the signal's reason. */
  hang(method: FakeHypervisorMethod, fault: Omit<FakeFault, 'error'> = {}): this {
    this.#faults.add('hang', method, fault);
    return this;
  }

  /** Puts a VM into a state behind everybody's back, as when its guest powers off or its process dies. */
  put(vm: string, state: VmStateName): this {
    if (state === 'destroyed') this.#states.delete(vm);
    else this.#states.set(vm, state);
    return this;
  }

  /** The states of all VMs that are there, by name. */
  get vms(): Readonly<Record<string, VmStateName>> {
    return Object.fromEntries(this.#states);
  }

  /** Resolves when a method has been called so many times, whatever became of the calls. */
  async called(
    method: FakeHypervisorMethod,
    {
      times = 1,
      timeoutMs = DEFAULT_DEADLINE_MS,
    }: { readonly times?: number; readonly timeoutMs?: number } = {},
  ): Promise<void> {
    const count = (): number => this.calls.filter((call) => call.method === method).length;
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = (): void => {
      if (count() >= times) resolve();
    };
    this.#watchers.add(watch);
    watch();
    try {
      await withDeadline(promise, timeoutMs, () => `${method} was called ${count()} of ${times} times`);
    } finally {
      this.#watchers.delete(watch);
    }
  }

  prepare(spec: VmSpec, ctx: HypervisorContext): Promise<VmHandle> {
    return this.#call('prepare', spec.name, ctx, async () => {
      this.#refuseUnsupported(spec);
      this.#states.set(spec.name, 'prepared');
      return newHandle(spec);
    });
  }

  start(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return this.#call('start', vm.name, ctx, async () => {
      const now = this.#stateOf(vm);
      if (now === 'destroyed' || now === 'preparing') throw wrongState(vm, now, 'be started');
      this.#states.set(vm.name, 'running');
      return { ...vm, booted: true };
    });
  }

  stop(vm: VmHandle, _options: { readonly timeoutMs: number }, ctx: HypervisorContext): Promise<VmHandle> {
    return this.#call('stop', vm.name, ctx, async () => {
      const now = this.#stateOf(vm);
      if (now === 'running' || now === 'suspended') this.#states.set(vm.name, 'stopped');
      return { ...vm, pid: null };
    });
  }

  suspend(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return this.#call('suspend', vm.name, ctx, async () => this.#move(vm, 'running', 'suspended'));
  }

  resume(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
    return this.#call('resume', vm.name, ctx, async () => this.#move(vm, 'suspended', 'running'));
  }

  destroy(vm: VmHandle, ctx: HypervisorContext): Promise<void> {
    return this.#call('destroy', vm.name, ctx, async () => void this.#states.delete(vm.name));
  }

  state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
    return this.#call('state', vm.name, ctx, async () => ({ name: this.#stateOf(vm) }));
  }

  inspect(vm: VmHandle, ctx: HypervisorContext): Promise<VmInspection | undefined> {
    return this.#call('inspect', vm.name, ctx, async () => {
      const now = this.#stateOf(vm);
      if (now !== 'running' && now !== 'suspended') return undefined;
      return { status: now, engine: this.name, vcpus: vm.vcpus, problems: [] };
    });
  }

  guestAddress(vm: VmHandle, ctx: HypervisorContext): Promise<GuestAddress> {
    return this.#call('guestAddress', vm.name, ctx, async () =>
      this.#stateOf(vm) === 'running'
        ? this.#guestAddress
        : { kind: 'none', reason: `${vm.name} is ${this.#stateOf(vm)}` },
    );
  }

  setForwards(vm: VmHandle, forwards: readonly PortForward[], ctx: HypervisorContext): Promise<VmHandle> {
    return this.#call('setForwards', vm.name, ctx, async () => {
      if (this.supports.liveForwards !== true) throw unsupported(this.name, 'change forwarded ports');
      return { ...vm, forwards };
    });
  }

  growDisk(vm: VmHandle, bytes: number, ctx: HypervisorContext): Promise<VmHandle> {
    return this.#call('growDisk', vm.name, ctx, async () => {
      if (this.supports.growDisk !== true) throw unsupported(this.name, 'make disks larger');
      const now = this.#stateOf(vm);
      if (now === 'running' || now === 'suspended') throw wrongState(vm, now, 'get a larger disk');
      return { ...vm, disk_gb: Math.max(vm.disk_gb ?? 0, Math.ceil(bytes / GIB)) };
    });
  }

  console(vm?: VmHandle): ConsoleEndpoint {
    if (this.openConsole === undefined) return { kind: 'none', reason: 'the fake backend has no console' };
    return { kind: 'websocket', url: `ws://fake.invalid/${vm?.name ?? ''}`, headers: {} };
  }

  #openConsole(vm: VmHandle, ctx: HypervisorContext, open: () => Duplex): Promise<Duplex> {
    return this.#call('openConsole', vm.name, ctx, async () => {
      const now = this.#stateOf(vm);
      if (now !== 'running') throw wrongState(vm, now, 'show a console');
      return open();
    });
  }

  async #call<T>(
    method: FakeHypervisorMethod,
    vm: string,
    { signal }: HypervisorContext,
    work: () => Promise<T>,
  ): Promise<T> {
    const call: FakeHypervisorCall = { method, vm, state: 'open' };
    this.calls.push(call);
    for (const watch of this.#watchers) watch();
    try {
      const result = await this.#faults.run(method, signal, async () => {
        signal.throwIfAborted();
        return work();
      });
      call.state = 'done';
      return result;
    } catch (error) {
      call.state = 'failed';
      throw error;
    }
  }

  #stateOf(vm: VmHandle): VmStateName {
    return this.#states.get(vm.name) ?? 'destroyed';
  }

  #move(vm: VmHandle, from: VmStateName, to: VmStateName): VmHandle {
    if (!this.supports.suspend) throw unsupported(this.name, 'suspend VMs');
    const now = this.#stateOf(vm);
    if (now !== from && now !== to) throw wrongState(vm, now, `become ${to}`);
    this.#states.set(vm.name, to);
    return vm;
  }

  #refuseUnsupported(spec: VmSpec): void {
    const { networks, firmware, imageFormats, forwards } = this.supports;
    if (!networks.includes(spec.network.type))
      throw unsupported(this.name, `use network "${spec.network.type}"`);
    if (!firmware.includes(spec.firmware)) throw unsupported(this.name, `boot with ${spec.firmware}`);
    if (!imageFormats.includes(spec.image.format)) throw unsupported(this.name, `read ${spec.image.format}`);
    if (!forwards && spec.forwards.length > 0) throw unsupported(this.name, 'forward ports');
  }
}

function unsupported(backend: string, what: string): VmctlError {
  return new VmctlError('VMCTL_BACKEND_UNSUPPORTED', { message: `The backend ${backend} cannot ${what}.` });
}

function wrongState(vm: VmHandle, now: VmStateName, what: string): VmctlError {
  return new VmctlError('VMCTL_VM_WRONG_STATE', { message: `${vm.name} is ${now} and cannot ${what}.` });
}
