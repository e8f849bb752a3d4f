import type { PluginHost } from '@vmctl/core/plugin';
import type { QemuVersion, QmpEvent } from './qmp-message.js';
import { DEFAULT_TIMEOUT_MS, QmpWire, type QmpWaitOptions } from './qmp-wire.js';

export type { QemuVersion, QmpEvent } from './qmp-message.js';
export type { QmpWaitOptions } from './qmp-wire.js';

export interface QmpConnectOptions extends QmpWaitOptions {
  /** The host's `error`. */
  readonly error: PluginHost['error'];
}

/**
 * A client of QEMU's monitor protocol on a unix socket.
 *
 * QEMU serves one client a socket; a second one is accepted and then waits for its greeting, so connections are
 * kept short. Errors: VMCTL_QMP_UNREACHABLE (nobody listens), VMCTL_QMP_TIMEOUT, VMCTL_QMP_DISCONNECTED,
 * VMCTL_QMP_PROTOCOL (the other side does not speak QMP), VMCTL_QMP_COMMAND_FAILED (`details.class` has QEMU's class).
 */
export class QmpClient implements AsyncDisposable {
  /** Of the QEMU that greeted. */
  readonly version: QemuVersion;
  readonly #wire: QmpWire;

  private constructor(wire: QmpWire, version: QemuVersion) {
    this.#wire = wire;
    this.version = version;
  }

  /**
   * Connects, reads the greeting, and leaves the negotiation mode. The time-out covers all of it.
   *
   * @param path - of the socket, at most 107 bytes
   */
  static async connect(path: string, options: QmpConnectOptions): Promise<QmpClient> {
    const deadline = performance.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const wire = new QmpWire(path, options.error);
    try {
      const version = await wire.wait('the greeting', wire.greeting, options);
      const client = new QmpClient(wire, version);
      await client.execute('qmp_capabilities', undefined, {
        timeoutMs: Math.max(1, deadline - performance.now()),
        signal: options.signal,
      });
      return client;
    } catch (error) {
      wire.close();
      throw error;
    }
  }

  /**
   * Runs a command and returns what QEMU returns. A reply that comes after the time-out or an abort is thrown away;
   * the command may still have been carried out.
   */
  execute(
    command: string,
    args?: Readonly<Record<string, unknown>>,
    options: QmpWaitOptions = {},
  ): Promise<unknown> {
    return this.#wire.execute(command, args, options);
  }

  /** Events from now on, until the connection ends. A reader that is too slow loses the oldest. */
  events(): AsyncIterableIterator<QmpEvent> {
    return this.#wire.events();
  }

  /** Ends the connection; what waits is rejected with VMCTL_QMP_DISCONNECTED. Idempotent. */
  async close(): Promise<void> {
    this.#wire.close();
    await this.#wire.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
