import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reportError } from '../errors/error-report.js';
import { VmctlError } from '../errors/vmctl-error.js';
import type { VmOutcome } from '../events/events.js';
import { elapsedSince } from '../host/elapsed.js';
import type { HypervisorContext, VmHandle, VmState } from '../hypervisor/contract.js';
import { isAddressFoundLater } from '../hypervisor/guest-network.js';
import { waitForLogin } from '../pipeline/wait-for-login.js';
import { readyTimeoutMs } from './effective-settings.js';
import { eachVm } from './each-vm.js';
import type { OperationResult } from './operation-result.js';
import { registeredNames } from './registered-vms.js';
import type { Runtime } from './runtime.js';
import { startAdvice } from './start-advice.js';

/**
 * What can be waited for. `ready`: the guest can be logged in to, and its cloud-init has finished. `running`: the
 * hypervisor runs it. `stopped`: it does not run, or does not exist any more.
 */
export const WAIT_CONDITIONS = ['ready', 'running', 'stopped'] as const;
/** One of {@link WAIT_CONDITIONS}. */
export type WaitCondition = (typeof WAIT_CONDITIONS)[number];

export interface WaitOptions {
  /** Registered VMs; `all` takes every one. */
  readonly names: readonly string[];
  readonly all?: boolean | undefined;
  /** Default `ready`. */
  readonly for?: WaitCondition | undefined;
  /** Default 120,000, for `ready` the configuration's before that; 0 looks once. */
  readonly timeoutMs?: number | undefined;
  /** Login user, before the one that the VM was brought up with. */
  readonly user?: string | undefined;
  /** Private key to log in with, before that of the VM; relative to the working directory. */
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How long VMs are waited for that do not have to become ready. */
const WAIT_TIMEOUT_MS = 120_000;
/** How often the backend is asked: no wait gets longer than this by it. */
const POLL_MS = 100;

/**
 * Waits for VMs, all at once, and takes no lock: others may start and stop them meanwhile.
 *
 * @throws VMCTL_VM_UNKNOWN before anything is waited for
 */
export async function wait(runtime: Runtime, options: WaitOptions): Promise<OperationResult> {
  const signal = options.signal ?? new AbortController().signal;
  const names = await registeredNames(runtime, options);
  return eachVm(runtime, {
    operation: 'wait',
    groups: [names],
    lock: false,
    signal,
    work: (_handle, name) => new VmWait(runtime, name, options, signal).run(),
  });
}

function defaultTimeoutMs(runtime: Runtime, condition: WaitCondition = 'ready'): number {
  return condition === 'ready' ? readyTimeoutMs(runtime) : WAIT_TIMEOUT_MS;
}

class VmWait {
  readonly #runtime: Runtime;
  readonly #name: string;
  readonly #options: WaitOptions;
  readonly #timeoutMs: number;
  readonly #context: HypervisorContext;
  readonly #deadline: number;

  constructor(runtime: Runtime, name: string, options: WaitOptions, signal: AbortSignal) {
    this.#runtime = runtime;
    this.#name = name;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs(runtime, options.for);
    this.#context = { ...runtime.hypervisorContext(signal), events: runtime.events.ofLook };
    this.#deadline = performance.now() + this.#timeoutMs;
  }

  async run(): Promise<VmOutcome> {
    const condition = this.#options.for ?? 'ready';
    if (condition === 'stopped') {
      await this.#until('stopped', (state) => (isAtRest(state) ? true : undefined));
      return 'stopped';
    }
    const handle = await this.#until('running', (state, current) => {
      if (state.name === 'failed' || state.name === 'destroyed') throw this.#hopeless(state);
      return state.name === 'running' ? current : undefined;
    });
    if (condition === 'running') return 'running';
    await this.#untilReady(handle);
    return 'ready';
  }

  /** Looks at the VM until `answer` has one. */
  async #until<T>(
    condition: WaitCondition,
    answer: (state: VmState, handle: VmHandle | undefined) => T | undefined,
  ): Promise<T> {
    const { signal } = this.#context;
    for (;;) {
      // Its process and its socket are others after every start.
      const handle = await this.#runtime.registry.get(this.#name);
      const state = await this.#observe(handle);
      const found = answer(state, handle);
      if (found !== undefined) return found;
      const remaining = this.#deadline - performance.now();
      if (remaining <= 0) throw this.#timedOut(condition, state);
      await sleep(Math.min(POLL_MS, remaining), undefined, { signal });
    }
  }

  async #observe(handle: VmHandle | undefined): Promise<VmState> {
    if (handle === undefined) return { name: 'destroyed', detail: 'vms.json has it no more' };
    return this.#runtime.router.state(handle, this.#context);
  }

  /** As the stage `ready` of `up`, which it looks like in the events. */
  async #untilReady(handle: VmHandle): Promise<void> {
    const { events } = this.#context;
    const started = performance.now();
    const stage = { vm: this.#name, stage: 'ready' } as const;
    events.emit({ type: 'stage.started', ...stage });
    try {
      const detail = await this.#login(handle);
      events.emit({ type: 'stage.finished', ...stage, detail, durationMs: elapsedSince(started) });
    } catch (error) {
      const durationMs = elapsedSince(started);
      events.emit({ type: 'stage.failed', ...stage, error: reportError(error), durationMs });
      throw error;
    }
  }

  async #login(handle: VmHandle): Promise<string> {
    const { user, key } = this.#options;
    const address = await this.#runtime.router.guestAddress(handle, this.#context);
    if (address.kind === 'none' && !isAddressFoundLater(handle.network)) return `running; ${address.reason}`;
    const { session, detail } = await waitForLogin({
      handle,
      user: user ?? handle.ssh_user ?? 'vm',
      declaredKey:
        key === undefined ? (handle.ssh_private_key ?? undefined) : resolve(this.#runtime.cwd, key),
      timeoutMs: Math.max(0, this.#deadline - performance.now()),
      host: this.#runtime,
      context: this.#context,
    });
    await session.end();
    return detail;
  }

  #timedOut(condition: WaitCondition, state: VmState): VmctlError {
    const name = this.#name;
    const isNot = this.#timeoutMs === 0 ? 'is not' : 'was not';
    const after = this.#timeoutMs === 0 ? '' : ` after ${this.#timeoutMs / 1000} s`;
    return new VmctlError('VMCTL_WAIT_TIMEOUT', {
      message: `${name} ${isNot} ${condition}${after}: it is ${describe(state)}.`,
      hint: condition === 'stopped' ? `Stop it: vmctl stop ${name}` : startAdvice(name, state.name),
      details: { vm: name, condition, state: state.name },
    });
  }

  /** Waiting longer does not help. */
  #hopeless(state: VmState): VmctlError {
    const name = this.#name;
    return new VmctlError('VMCTL_VM_WRONG_STATE', {
      message: `${name} will not run by itself: it is ${describe(state)}.`,
      hint:
        state.name === 'failed'
          ? `Look at its console (vmctl log ${name} --console), then start it again: vmctl restart ${name} --force`
          : '`vmctl up` makes it anew from its VMFile.',
      details: { vm: name, state: state.name },
    });
  }
}

function isAtRest({ name }: VmState): boolean {
  return name === 'stopped' || name === 'prepared' || name === 'destroyed';
}

function describe({ name, detail }: VmState): string {
  return detail === undefined ? name : `${name} (${detail})`;
}
