import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, isVmctlError, messageOf, VmctlError } from '../errors/vmctl-error.js';
import type { EventSink } from '../events/events.js';
import { elapsedSince } from '../host/elapsed.js';
import type { Logger } from '../host/logger.js';
import type { GuestAddress, VmState } from '../hypervisor/contract.js';
import { cloudInitLog, waitForCloudInit } from './cloud-init-status.js';
import type { GuestSession } from './contract.js';
import type { HostKeyVerifier } from './known-hosts.js';
import type { LoginKey } from './login-keys.js';
import { loginPause } from './login-pause.js';
import { type Greeting, waitForGreeting } from './ssh-greeting.js';
import type { ConnectOptions } from './ssh-login.js';
import { connectGuest } from './ssh-session.js';

/** What has to be so before a guest can be worked with, in this order. */
export const READINESS_CHECKS = [
  'process alive',
  'SSH port answers',
  'login works',
  'cloud-init finished',
] as const;
export type ReadinessCheck = (typeof READINESS_CHECKS)[number];

export interface ReadinessOptions {
  readonly vm: string;
  readonly user: string;
  readonly keys: readonly LoginKey[];
  readonly hostKeys: HostKeyVerifier;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly events: EventSink;
  readonly log: Logger;
  /** What the backend sees of the VM. */
  readonly processState: () => Promise<VmState>;
  /** Where the guest's SSH server is; asked again and again, as it may not be known yet. */
  readonly address: () => Promise<GuestAddress>;
  /** The last lines of the console, for the error; may be empty. */
  readonly consoleTail?: (() => Promise<string>) | undefined;
  /** Default: {@link connectGuest}. */
  readonly connect?: ((options: ConnectOptions) => Promise<GuestSession>) | undefined;
}

export interface ReadyGuest {
  /** Logged in; the caller ends it. */
  readonly session: GuestSession;
  /** For people: `ssh vm@127.0.0.1:41022, cloud-init done`. */
  readonly detail: string;
}

/** How often the backend is asked whether the VM still runs, while something else is waited for. */
const PROCESS_POLL_MS = 500;

/** Why a check has not passed, as long as nothing more is known. */
const REASONS: Readonly<Record<ReadinessCheck, string>> = {
  'process alive': 'the backend does not say how the VM is',
  'SSH port answers': 'nothing answers',
  'login works': 'the SSH server does not finish the login',
  'cloud-init finished': 'cloud-init is still at work',
};

/** What to do when a check does not pass in time. */
const HINTS: Readonly<Record<ReadinessCheck, string>> = {
  'process alive': 'See what it said: vmctl log NAME --console',
  'SSH port answers':
    'Look at the console (vmctl log NAME --console). If the guest is still booting, give it longer: `ssh { timeout 300 }` in the VMFile, or `vmctl wait NAME --timeout 300`. If it has booted, see whether an SSH server is installed and starts by itself.',
  'login works':
    'Check the user (`ssh { user "…" }`, --user) and the key (`ssh { private-key "…" }`, --key): the guest has to know both.',
  'cloud-init finished':
    'Give it longer: `ssh { timeout 600 }` in the VMFile, or `vmctl wait NAME --timeout 600`. To see what it does: vmctl ssh NAME -- tail -f /var/log/cloud-init-output.log',
};

/**
 * Waits until a guest can be worked with, and logs in to it.
 *
 * A refused login and a wrong host key are tried again until the time is up: while a guest boots, its SSH server may
 * be there before cloud-init has installed user, key and host key.
 *
 * @throws VMCTL_GUEST_NOT_READY when the time is up: names the check, the last reason, and the end of the console
 * @throws VMCTL_GUEST_STOPPED as soon as the VM does not run any more
 * @throws VMCTL_GUEST_CLOUD_INIT_FAILED when cloud-init ended with errors
 * @throws the signal's reason on abort
 */
export async function waitUntilReady(options: ReadinessOptions): Promise<ReadyGuest> {
  return new Waiting(options).run();
}

class Waiting {
  readonly #options: ReadinessOptions;
  /** Aborted when there is no point in waiting any longer, with the error to throw. */
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  readonly #started = new Map<ReadinessCheck, number>();
  readonly #passed = new Set<ReadinessCheck>();
  #check: ReadinessCheck = 'process alive';
  #reason = REASONS[this.#check];
  #lastError: unknown;

  constructor(options: ReadinessOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#over.signal]);
  }

  async run(): Promise<ReadyGuest> {
    const { timeoutMs, signal } = this.#options;
    const timer = setTimeout(() => this.#over.abort(timeUp), timeoutMs);
    try {
      signal.throwIfAborted();
      await this.#begin('process alive', () => this.#mustBeAlive());
      void this.#watchProcess();
      return await this.#reach();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!this.#over.signal.aborted) throw error;
      const reason: unknown = this.#over.signal.reason;
      throw reason === timeUp ? await this.#notReady() : reason;
    } finally {
      clearTimeout(timer);
      this.#over.abort(timeUp);
    }
  }

  /** Goes through the checks that need the network; from the start again when the guest reboots meanwhile. */
  async #reach(): Promise<ReadyGuest> {
    for (;;) {
      const greeting = await this.#begin('SSH port answers', () => this.#greeting());
      const session = await this.#begin('login works', () => this.#login(greeting));
      try {
        const cloudInit = await this.#begin('cloud-init finished', () => this.#cloudInit(session));
        const { host, port } = session.address;
        return { session, detail: `ssh ${session.user}@${host}:${port}, cloud-init ${cloudInit}` };
      } catch (error) {
        await session.end();
        if (!hasCode(error, 'VMCTL_GUEST_DISCONNECTED') || this.#signal.aborted) throw error;
        this.#options.log.debug('the guest went away', messageOf(error));
      }
    }
  }

  /** Runs a check; each is announced once, even when it has to be passed again. */
  async #begin<T>(check: ReadinessCheck, run: () => Promise<T>): Promise<T> {
    const { events, vm } = this.#options;
    this.#check = check;
    this.#reason = REASONS[check];
    const before = this.#started.get(check);
    const start = before ?? performance.now();
    this.#started.set(check, start);
    if (before === undefined) events.emit({ type: 'check.started', vm, check });
    const result = await run();
    if (!this.#passed.has(check)) {
      this.#passed.add(check);
      events.emit({ type: 'check.passed', vm, check, durationMs: elapsedSince(start) });
    }
    return result;
  }

  async #mustBeAlive(): Promise<void> {
    const state = await withAbort(this.#options.processState(), this.#signal);
    if (!isAlive(state)) throw await this.#stopped(state);
  }

  async #watchProcess(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await sleep(PROCESS_POLL_MS, undefined, { signal: this.#signal });
        const state = await this.#options.processState();
        if (!isAlive(state)) this.#over.abort(await this.#stopped(state));
      } catch (error) {
        // A backend that cannot answer now is asked again.
        if (!this.#signal.aborted) this.#options.log.debug('the state is not known', messageOf(error));
      }
    }
  }

  #greeting(): Promise<Greeting> {
    return waitForGreeting({
      address: this.#options.address,
      signal: this.#signal,
      onReason: (reason) => {
        if (this.#check === 'SSH port answers') this.#reason = reason;
      },
    });
  }

  async #login(first: Greeting): Promise<GuestSession> {
    const { vm, user, keys, hostKeys, log, connect = connectGuest } = this.#options;
    let greeting = first;
    for (let failures = 1; ; failures++) {
      const { socket, address, line } = greeting;
      try {
        return await connect({ vm, address, user, keys, hostKeys, log, socket, signal: this.#signal });
      } catch (error) {
        socket.destroy();
        this.#signal.throwIfAborted();
        if (!isVmctlError(error)) throw error;
        this.#reason = error.message;
        this.#lastError = error;
        log.debug('login failed', error.message);
        await sleep(loginPause({ error, server: line, failures }), undefined, { signal: this.#signal });
        greeting = await this.#greeting();
      }
    }
  }

  /** Waits for cloud-init; what came of it, in a word or two. */
  async #cloudInit(session: GuestSession): Promise<string> {
    const { events, vm } = this.#options;
    const outcome = await waitForCloudInit(session, { signal: this.#signal });
    if (outcome.kind === 'unused') return outcome.why;
    for (const message of outcome.warnings) {
      events.emit({
        type: 'warning',
        vm,
        code: 'VMCTL_GUEST_CLOUD_INIT_WARNING',
        message: `cloud-init: ${message}`,
      });
    }
    if (outcome.kind === 'done') return outcome.warnings.length === 0 ? 'done' : 'done with warnings';
    const log = await cloudInitLog(session, { signal: this.#signal });
    throw new VmctlError('VMCTL_GUEST_CLOUD_INIT_FAILED', {
      message: [
        `cloud-init ended with errors in ${vm}:`,
        ...outcome.errors.map((error) => `  ${error}`),
        ...(log === '' ? [] : ['The end of /var/log/cloud-init-output.log:', indent(log)]),
      ].join('\n'),
      hint: `Look into it in the guest: vmctl ssh ${vm} -- cloud-init status --long`,
      details: { vm, errors: outcome.errors },
    });
  }

  async #notReady(): Promise<VmctlError> {
    const { vm, timeoutMs } = this.#options;
    const check = this.#check;
    const seconds = Number((timeoutMs / 1000).toFixed(1));
    const what = seconds === 0 ? `${vm} is not ready` : `${vm} was not ready after ${seconds} s`;
    const own = check === 'login works' && isVmctlError(this.#lastError) ? this.#lastError : undefined;
    return new VmctlError('VMCTL_GUEST_NOT_READY', {
      message: `${what}. The check "${check}" did not pass: ${this.#reason}${await this.#console()}`,
      hint: own?.hint ?? HINTS[check].replaceAll('NAME', vm),
      cause: own,
      details: { vm, check, reason: this.#reason, timeoutMs },
    });
  }

  async #stopped(state: VmState): Promise<VmctlError> {
    const { vm } = this.#options;
    const detail = state.detail === undefined ? '' : ` (${state.detail})`;
    return new VmctlError('VMCTL_GUEST_STOPPED', {
      message: `${vm} does not run any more: it is ${state.name}${detail}. vmctl was waiting for "${this.#check}".${await this.#console()}`,
      hint: HINTS['process alive'].replaceAll('NAME', vm),
      details: { vm, state: state.name, check: this.#check },
    });
  }

  async #console(): Promise<string> {
    const tail = await this.#options.consoleTail?.().catch(() => '');
    return tail === undefined || tail.trim() === ''
      ? ''
      : `\nThe last lines of its console:\n${indent(tail.trimEnd())}`;
  }
}

/** Marks the abort by our own clock. */
const timeUp = new Error('the time is up');

function isAlive({ name }: VmState): boolean {
  return name === 'running' || name === 'suspended' || name === 'preparing';
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

/** The promise's result, or the abort's reason if that comes first. */
async function withAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const settled = new AbortController();
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: settled.signal });
      }),
    ]);
  } finally {
    settled.abort();
  }
}
