import { Duplex } from 'node:stream';
import type { PluginHost } from '@vmctl/core/plugin';
import type { RawData, WebSocket } from 'ws';
import { DeadlineError, withDeadline } from '../api/deadline.js';
import type { ServerAddress } from '../api/exchange.js';
import { readMigration } from '../api/read.js';
import { refusalError } from '../api/refusal.js';
import type { ApiVersion, SerialOffset } from '../api/types.js';
import { messageOf } from '../thrown.js';
import { openSerialSocket, type SerialTarget, UpgradeRefused } from './serial-socket.js';

/** How long a server may take to open a console. */
const CONNECT_MS = 10_000;
/** How long it may take to say goodbye. */
const CLOSE_MS = 1_000;
/** The VM has stopped; and a close that whoever runs the server asked for. */
const CLEAN_CODES: readonly number[] = [1000, 1001];

export interface SerialOptions {
  readonly address: ServerAddress;
  /** Where to begin; default: with what the guest writes from now on. */
  readonly offset?: SerialOffset | undefined;
  /** The version of the API that the server serves; default: found out. */
  readonly version?: ApiVersion | undefined;
  /** Makes the errors. */
  readonly error: PluginHost['error'];
  /** The VM's name, for messages. */
  readonly vm: string;
  /** Ends the opening only; the stream is destroyed by whoever has it. */
  readonly signal: AbortSignal;
  /** Of the opening. Default 10 s. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Opens the serial console of a VM.
 *
 * @throws VMCTL_PROPOLIS_SERIAL when it cannot be opened, or what the server refused it with; the signal's reason
 */
export async function openSerial(options: SerialOptions): Promise<SerialStream> {
  const { address, offset, version, signal } = options;
  const target = { address, offset, version };
  return new SerialStream(options, target, await connect(options, target, signal));
}

/**
 * The serial console of a VM: bytes of the guest are read, bytes for it are written, both as they are.
 *
 * It follows a VM that migrates, and goes on where it was. It ends when the VM stops; a connection that breaks is an
 * error, VMCTL_PROPOLIS_SERIAL. Whoever opened it destroys it.
 */
export class SerialStream extends Duplex {
  readonly #options: SerialOptions;
  readonly #gone = new AbortController();
  #target: SerialTarget;
  #socket: WebSocket;
  #position: number | undefined;
  /** While the VM has moved and the new connection is not there yet. */
  #moving: Promise<void> | undefined;

  constructor(options: SerialOptions, target: SerialTarget, socket: WebSocket) {
    super({ allowHalfOpen: false });
    this.#options = options;
    this.#target = target;
    this.#socket = socket;
    this.#adopt(target, socket);
  }

  /** The server that has the VM now. */
  get address(): ServerAddress {
    return this.#target.address;
  }

  /** Bytes from the boot of the VM to the next one to come; undefined when it was opened anywhere else than there. */
  get position(): number | undefined {
    return this.#position;
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const send = (): void => {
      const socket = this.#socket;
      // What is lost in a connection that breaks is told by its close.
      if (socket.readyState === socket.OPEN) socket.send(chunk, { binary: true }, () => done());
      else done();
    };
    if (this.#moving === undefined) send();
    else void this.#moving.then(send);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#gone.abort();
    const socket = this.#socket;
    if (socket.readyState === socket.CLOSED) {
      done(error);
      return;
    }
    // Input that was sent is on its way; to cut the connection could lose it.
    const timer = setTimeout(() => socket.terminate(), CLOSE_MS);
    socket.removeAllListeners('message');
    socket.once('close', () => {
      clearTimeout(timer);
      done(error);
    });
    socket.resume();
    socket.close(1000);
  }

  /** Takes over a connection that is open and paused. */
  #adopt(target: SerialTarget, socket: WebSocket): void {
    this.#target = target;
    this.#socket = socket;
    this.#position =
      target.offset !== undefined && 'fromStart' in target.offset ? target.offset.fromStart : undefined;
    socket.on('message', (data, isBinary) => {
      if (socket === this.#socket && this.#moving === undefined) this.#receive(bytesOf(data), isBinary);
    });
    // It closes as well.
    socket.on('error', () => undefined);
    socket.once('close', (code, reason) => {
      if (socket === this.#socket && this.#moving === undefined) this.#closed(code, reason.toString('utf8'));
    });
  }

  #receive(bytes: Buffer, isBinary: boolean): void {
    if (isBinary) {
      if (this.#position !== undefined) this.#position += bytes.length;
      if (!this.push(bytes)) this.#socket.pause();
      return;
    }
    let migration: ReturnType<typeof readMigration>;
    try {
      migration = readMigration(bytes.toString('utf8'));
      if (migration === undefined) return;
      this.#moving = this.#move(parseAddress(migration.destination), migration.fromStart);
    } catch (cause) {
      this.destroy(
        this.#failure(`the server said something that is not understood: ${messageOf(cause)}`, cause),
      );
    }
  }

  async #move(address: ServerAddress, fromStart: number): Promise<void> {
    const old = this.#socket;
    // Another server may be of another version.
    const target: SerialTarget = { address, offset: { fromStart }, version: undefined };
    try {
      const socket = await connect(this.#options, target, this.#gone.signal);
      if (this.destroyed) {
        socket.terminate();
        return;
      }
      this.#adopt(target, socket);
      this.#moving = undefined;
      socket.resume();
    } catch (error) {
      this.#moving = undefined;
      if (!this.destroyed) this.destroy(error instanceof Error ? error : new Error(messageOf(error)));
    } finally {
      old.resume();
      old.close(1000);
      const timer = setTimeout(() => old.terminate(), CLOSE_MS);
      old.once('close', () => clearTimeout(timer));
      if (old.readyState === old.CLOSED) clearTimeout(timer);
    }
  }

  #closed(code: number, reason: string): void {
    if (this.destroyed) return;
    if (CLEAN_CODES.includes(code)) {
      this.push(null);
      return;
    }
    this.destroy(
      this.#failure(
        code === 1006
          ? 'the connection broke without a word'
          : `the server closed it with ${code}${reason === '' ? '' : `: ${reason}`}`,
      ),
    );
  }

  #failure(why: string, cause?: unknown): Error {
    return serialError(this.#options, `The serial console of ${this.#options.vm} is lost: ${why}.`, cause);
  }
}

async function connect(
  options: SerialOptions,
  target: SerialTarget,
  signal: AbortSignal,
): Promise<WebSocket> {
  const { vm, timeoutMs = CONNECT_MS } = options;
  try {
    return await withDeadline({ signal, timeoutMs }, (either) => openSerialSocket(target, either));
  } catch (cause) {
    signal.throwIfAborted();
    const { error } = options;
    if (cause instanceof UpgradeRefused) {
      throw await refusalError(cause.refusal, { error, vm, what: 'the console', logPath: undefined });
    }
    const { host, port } = target.address;
    const why = cause instanceof DeadlineError ? cause.message : messageOf(cause);
    throw serialError(
      options,
      `The serial console of ${vm}, at ${host}:${port}, cannot be opened: ${why}.`,
      cause,
    );
  }
}

function serialError({ error, vm }: SerialOptions, message: string, cause: unknown): Error {
  return error('VMCTL_PROPOLIS_SERIAL', {
    message,
    hint: `See whether the VM still runs: vmctl status ${vm}`,
    cause,
    details: { vm },
  });
}

/** `127.0.0.1:8000`, `[fd00::1]:8000`. */
function parseAddress(text: string): ServerAddress {
  const parts = /^(?:\[([\da-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || port < 1 || port > 65_535) throw new SyntaxError(`"${text}" is no address`);
  return { host, port };
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
