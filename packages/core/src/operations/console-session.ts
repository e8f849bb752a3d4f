import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GrowingFile, onFileChange } from '../host/growing-file.js';
import type { Lock, LockHolder } from '../host/lock.js';
import type { VmHandle, VmState } from '../hypervisor/contract.js';
import type { Runtime } from './runtime.js';

/** How often the log is looked at where the system does not tell that it has grown. */
const POLL_MS = 100;
/** How often one who only watches looks whether the VM is still there. */
const STATE_POLL_MS = 1000;
/** How long a VM whose console has closed may take until it is gone. */
const ENDING_MS = 3000;

interface SessionParts {
  readonly runtime: Runtime;
  readonly handle: VmHandle;
  readonly signal: AbortSignal;
  readonly readOnly: boolean;
  /** Undefined when the backend keeps none: then the output comes from the connection. */
  readonly log: { readonly file: GrowingFile; readonly size: number } | undefined;
  readonly connection?: Duplex | undefined;
  readonly lock?: Lock | undefined;
  readonly holder?: LockHolder | undefined;
}

/** What the guest has written. */
export interface ConsoleOutput {
  readonly bytes: Uint8Array;
  /** From before the session was opened. */
  readonly replayed: boolean;
}

/** An open serial console. Whoever opened it disposes of it. */
export class ConsoleSession implements AsyncDisposable {
  /** Whether nothing can be sent. */
  readonly readOnly: boolean;
  /** Who has the input, when this session would have liked to have it. */
  readonly holder: LockHolder | undefined;
  readonly #parts: SessionParts;
  readonly #closed = new AbortController();
  #failure: Error | undefined;

  constructor(parts: SessionParts) {
    this.readOnly = parts.readOnly;
    this.holder = parts.holder;
    this.#parts = parts;
    const { connection, signal } = parts;
    connection?.once('close', () => this.#closed.abort());
    // A connection that breaks closes as well, which ends the output.
    connection?.on('error', (error) => (this.#failure = error));
    signal.addEventListener('abort', this.#close, { once: true });
    if (signal.aborted) this.#close();
  }

  /** What the guest writes, until the VM ends, the signal is aborted, or the session is disposed of. To be read once. */
  output(): AsyncGenerator<ConsoleOutput> {
    const { log, connection } = this.#parts;
    if (log !== undefined) return this.#fromLog(log.file, log.size);
    if (connection !== undefined) return fromConnection(connection);
    throw new TypeError('A session has a log or a connection.');
  }

  /** Gives bytes to the guest; resolves when more may be sent. What is sent after the end goes nowhere. */
  async send(bytes: Uint8Array): Promise<void> {
    const { connection } = this.#parts;
    if (this.readOnly || connection === undefined || connection.destroyed || connection.write(bytes)) return;
    await once(connection, 'drain', { signal: this.#closed.signal }).catch(() => undefined);
  }

  /** Why the connection broke, when it did; a VM that ends can break it as well. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** How the VM is after its output has ended: waits a moment for one that is just ending. */
  async finalState(): Promise<VmState> {
    const deadline = performance.now() + ENDING_MS;
    for (;;) {
      const state = await this.#state(new AbortController().signal);
      if (isAtRest(state) || performance.now() > deadline) return state;
      await sleep(POLL_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.signal.removeEventListener('abort', this.#close);
    this.#close();
    await this.#parts.log?.file.close();
    await this.#parts.lock?.release();
  }

  readonly #close = (): void => {
    this.#parts.connection?.destroy();
    this.#closed.abort();
  };

  async *#fromLog(file: GrowingFile, sizeAtOpening: number): AsyncGenerator<ConsoleOutput> {
    const { connection, signal } = this.#parts;
    const closed = this.#closed.signal;
    // The log has the same. It must be read: QEMU drops output that its client does not take, from the log as well.
    connection?.resume();
    if (connection === undefined) void this.#closeWithVm();
    let wake: () => void = () => undefined;
    const stopWatching = onFileChange(file.path, () => wake());
    const onClosed = (): void => wake();
    closed.addEventListener('abort', onClosed);
    try {
      for (;;) {
        const isLast = closed.aborted;
        const { promise, resolve } = Promise.withResolvers<void>();
        // Before it is read, so that nothing is missed that comes meanwhile.
        wake = resolve;
        for await (const bytes of file.read()) {
          const old = Math.max(0, bytes.length - Math.max(0, file.position - sizeAtOpening));
          if (old > 0) yield { bytes: bytes.subarray(0, old), replayed: true };
          if (old < bytes.length) yield { bytes: bytes.subarray(old), replayed: false };
          if (signal.aborted) return;
        }
        if (isLast) return;
        const timer = setTimeout(resolve, POLL_MS);
        if (closed.aborted) resolve();
        await promise;
        clearTimeout(timer);
      }
    } finally {
      stopWatching();
      closed.removeEventListener('abort', onClosed);
    }
  }

  /** Without a connection only the backend knows when the VM ends. */
  async #closeWithVm(): Promise<void> {
    const { runtime, handle } = this.#parts;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        if (isAtRest(await this.#state(signal))) this.#closed.abort();
        else await sleep(STATE_POLL_MS, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        runtime.log.debug(`${handle.name} does not say how it is`, error);
        await sleep(STATE_POLL_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #state(signal: AbortSignal): Promise<VmState> {
    const { runtime, handle } = this.#parts;
    // Its process is another one after every start.
    const current = await runtime.registry.get(handle.name);
    if (current === undefined) return { name: 'destroyed' };
    return runtime.router.state(current, runtime.hypervisorContext(signal));
  }
}

async function* fromConnection(connection: Duplex): AsyncGenerator<ConsoleOutput> {
  try {
    // A Duplex does not know what it gives; without an encoding these are bytes.
    for await (const bytes of connection as AsyncIterable<Uint8Array>) yield { bytes, replayed: false };
  } catch {
    // A connection that breaks has ended.
  }
}

function isAtRest({ name }: VmState): boolean {
  return name === 'stopped' || name === 'prepared' || name === 'destroyed';
}
