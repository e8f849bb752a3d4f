import { connect, type Socket } from 'node:net';
import type { PluginHost } from '@vmctl/core/plugin';
import { EventQueue } from './event-queue.js';
import { LineSplitter } from './line-splitter.js';
import { parseQmpMessage, type QemuVersion, type QmpEvent, type QmpMessage } from './qmp-message.js';
import { messageOf } from './thrown.js';

/** Bytes of the longest reply; `query-qmp-schema`, the longest of all, has about 300 KiB. */
const LINE_LIMIT = 4 * 1024 * 1024;
/** Events that wait for a reader that is too slow. */
const EVENT_LIMIT = 1024;
export const DEFAULT_TIMEOUT_MS = 10_000;

export interface QmpWaitOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Waiter {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** The socket and who waits on it. */
export class QmpWire {
  readonly greeting: Promise<QemuVersion>;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #path: string;
  readonly #error: PluginHost['error'];
  readonly #lines = new LineSplitter(LINE_LIMIT);
  readonly #commands = new Map<number, Waiter>();
  readonly #queues = new Set<EventQueue<QmpEvent>>();
  #nextId = 1;
  /** Why nothing can be sent any more. */
  #failure: Error | undefined;
  #greet: { resolve(version: QemuVersion): void; reject(reason: unknown): void };

  constructor(path: string, error: PluginHost['error']) {
    this.#path = path;
    this.#error = error;
    const greeting = Promise.withResolvers<QemuVersion>();
    this.greeting = greeting.promise;
    this.greeting.catch(() => undefined);
    this.#greet = greeting;
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    this.#socket = connect(path);
    this.#socket.on('data', (chunk: Uint8Array) => {
      this.#receive(chunk);
    });
    this.#socket.on('error', (cause: NodeJS.ErrnoException) => {
      this.#fail(
        cause.syscall === 'connect'
          ? this.#make('UNREACHABLE', `QEMU cannot be reached at ${path}: ${cause.code ?? cause.message}.`, {
              cause,
              hint: 'A QEMU without its control socket has to be started anew: vmctl restart --force',
            })
          : this.#make('DISCONNECTED', `The connection to QEMU at ${path} broke: ${cause.message}.`, {
              cause,
            }),
      );
    });
    this.#socket.on('close', () => {
      this.#fail(this.#make('DISCONNECTED', `QEMU closed its control connection at ${path}.`));
      closed.resolve();
    });
  }

  execute(
    command: string,
    args: Readonly<Record<string, unknown>> | undefined,
    options: QmpWaitOptions,
  ): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason);
    const id = this.#nextId++;
    const reply = Promise.withResolvers<unknown>();
    this.#commands.set(id, {
      resolve: reply.resolve,
      reject: (reason) => {
        reply.reject(reason instanceof QmpRefusal ? this.#refused(command, reason) : reason);
      },
    });
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    return this.wait(`the reply to ${command}`, reply.promise, options).finally(() => {
      this.#commands.delete(id);
    });
  }

  /** Waits for `promise`, but no longer than the time-out and the signal allow. */
  async wait<T>(what: string, promise: Promise<T>, options: QmpWaitOptions): Promise<T> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const stop = Promise.withResolvers<never>();
    const onAbort = (): void => {
      stop.reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      const seconds = Number((timeoutMs / 1000).toFixed(1));
      stop.reject(this.#make('TIMEOUT', `QEMU at ${this.#path} did not send ${what} within ${seconds} s.`));
    }, timeoutMs);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([promise, stop.promise]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      promise.catch(() => undefined);
    }
  }

  events(): AsyncIterableIterator<QmpEvent> {
    const queue = new EventQueue<QmpEvent>(EVENT_LIMIT, () => this.#queues.delete(queue));
    this.#queues.add(queue);
    if (this.#failure !== undefined) queue.end();
    return queue;
  }

  close(): void {
    this.#fail(this.#make('DISCONNECTED', `The control connection at ${this.#path} was closed.`));
  }

  #receive(chunk: Uint8Array): void {
    if (this.#failure !== undefined) return;
    try {
      for (const line of this.#lines.push(chunk)) {
        if (line.trim() !== '') this.#dispatch(parseQmpMessage(line));
      }
    } catch (cause) {
      const why = messageOf(cause);
      this.#fail(
        this.#make('PROTOCOL', `What answers at ${this.#path} does not speak QMP: ${why}.`, { cause }),
      );
    }
  }

  #dispatch(message: QmpMessage): void {
    if (message.kind === 'greeting') {
      this.#greet.resolve(message.version);
    } else if (message.kind === 'event') {
      for (const queue of this.#queues) queue.push(message.event);
    } else {
      const command = typeof message.id === 'number' ? this.#commands.get(message.id) : undefined;
      if (message.kind === 'return') command?.resolve(message.value);
      else if (command !== undefined) command.reject(new QmpRefusal(message.class, message.description));
      // Without an id it is about something that QEMU could not even parse, and nobody knows whose it is.
      else if (message.id === undefined) throw new SyntaxError(message.description);
    }
  }

  /** The first failure counts: all that wait get it, and the socket is done with. */
  #fail(failure: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#greet.reject(failure);
    for (const waiter of this.#commands.values()) waiter.reject(failure);
    this.#commands.clear();
    for (const queue of this.#queues) queue.end();
    this.#socket.destroy();
  }

  #refused(command: string, refusal: QmpRefusal): Error {
    return this.#make('COMMAND_FAILED', `QEMU refused "${command}": ${refusal.message}`, {
      details: { command, class: refusal.class },
    });
  }

  #make(
    kind: 'UNREACHABLE' | 'TIMEOUT' | 'DISCONNECTED' | 'PROTOCOL' | 'COMMAND_FAILED',
    message: string,
    more: {
      readonly cause?: unknown;
      readonly hint?: string;
      readonly details?: Readonly<Record<string, unknown>>;
    } = {},
  ): Error {
    return this.#error(`VMCTL_QMP_${kind}`, { message, ...more });
  }
}

/** An error reply, on its way to the command that it is for. */
class QmpRefusal extends Error {
  readonly class: string;

  constructor(errorClass: string, description: string) {
    super(description);
    this.class = errorClass;
  }
}
