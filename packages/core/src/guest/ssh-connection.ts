import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { isVmctlError, messageOf, VmctlError } from '../errors/vmctl-error.js';
import type { Logger } from '../host/logger.js';
import type { GuestSession } from './contract.js';

/** How long a server may take to end a connection in an orderly way. */
const GOODBYE_MS = 1_000;
/** OpenSSH serves ten sessions a connection (MaxSessions); two are kept for ending commands. */
const MAX_CHANNELS = 8;

/** How often a command is asked for that is refused although no other one runs. */
const OPEN_TRIES = 20;
const OPEN_PAUSE_MS = 50;

/** A logged-in SSH connection. */
export class SshConnection {
  /** The name of the VM, for errors; undefined when nobody said it. */
  readonly vm: string | undefined;
  readonly user: string;
  readonly address: GuestSession['address'];
  readonly log: Logger;
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #lost = new AbortController();
  #channels = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    client: Client,
    socket: Socket,
    {
      vm,
      user,
      address,
      log,
    }: Pick<SshConnection, 'user' | 'address' | 'log'> & {
      readonly vm?: string | undefined;
    },
  ) {
    this.#client = client;
    this.#socket = socket;
    this.vm = vm;
    this.user = user;
    this.address = address;
    this.log = log;
    client.on('error', (error) => this.#lose(error));
    client.once('close', () => this.#lose(undefined));
  }

  /** Aborted, with VMCTL_GUEST_DISCONNECTED as its reason, once the connection is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Starts a command in the guest. Waits while too many run already.
   *
   * @param options.urgent - takes one of the places that are kept free
   * @throws the signal's reason on abort; the command may have been started, and is not read any further
   */
  async openChannel(
    command: string,
    options: { readonly urgent?: boolean; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ClientChannel> {
    const { urgent = false, signal } = options;
    if (urgent) this.#channels++;
    else await this.#takePlace(signal);
    try {
      const channel = await this.#start(command, signal);
      channel.once('close', () => this.#release());
      return channel;
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /** Writes to a channel; the packets that come of one chunk go out in one system call. */
  write(channel: ClientChannel, chunk: Uint8Array | string, sent: () => void): void {
    this.#socket.cork();
    channel.write(chunk, sent);
    this.#socket.uncork();
  }

  /** Ends the connection and waits for that. Idempotent. */
  async end(): Promise<void> {
    if (this.lost.aborted) return;
    const closed = new Promise<void>((resolve) => this.#client.once('close', () => resolve()));
    this.#client.end();
    // Not the client's `destroy`, which does nothing once its side has ended.
    const timer = setTimeout(() => this.#socket.destroy(), GOODBYE_MS);
    await closed;
    clearTimeout(timer);
  }

  /**
   * A server may count a command that has just ended when the next one is already asked for, and may be set to
   * fewer sessions than usual: one that it refuses is tried again, without end as long as others run.
   */
  async #start(command: string, signal: AbortSignal | undefined): Promise<ClientChannel> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#exec(command, signal);
      } catch (error) {
        if (!isOpenFailure(error) || (tries > OPEN_TRIES && this.#channels <= 1)) throw error;
        await sleep(OPEN_PAUSE_MS);
        signal?.throwIfAborted();
      }
    }
  }

  async #exec(command: string, signal: AbortSignal | undefined): Promise<ClientChannel> {
    this.lost.throwIfAborted();
    const settled = new AbortController();
    try {
      return await new Promise((resolve, reject) => {
        const fail = (error: unknown): void => reject(this.lost.aborted ? this.lost.reason : refused(error));
        const once = { once: true, signal: settled.signal };
        this.lost.addEventListener('abort', fail, once);
        signal?.addEventListener('abort', () => reject(signal.reason), once);
        try {
          this.#client.exec(command, (error, channel) => {
            if (error !== undefined) fail(error);
            else if (settled.signal.aborted) channel.close();
            else resolve(channel);
          });
        } catch (error) {
          fail(error); // The connection is closing.
        }
      });
    } finally {
      settled.abort();
    }
  }

  async #takePlace(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    while (this.#channels >= MAX_CHANNELS && !this.lost.aborted) {
      const woken = new AbortController();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal?.addEventListener('abort', () => resolve(), { signal: woken.signal });
      });
      woken.abort();
      signal?.throwIfAborted();
    }
    this.#channels++;
  }

  #release(): void {
    this.#channels--;
    this.#wakeAll();
  }

  /** All of them look again, in their order: one alone could have been aborted meanwhile. */
  #wakeAll(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #lose(cause: Error | undefined): void {
    if (this.lost.aborted) return;
    const { host, port } = this.address;
    const why = cause === undefined ? '' : ` (${cause.message})`;
    this.#lost.abort(
      new VmctlError('VMCTL_GUEST_DISCONNECTED', {
        message: `The SSH connection to ${host}:${port} was lost${why}.`,
        hint: `See whether the VM still runs: ${commandFor(this.vm, 'status')}. Its console may say more: ${commandFor(this.vm, 'log', '--console')}`,
        cause,
      }),
    );
    this.#wakeAll();
  }
}

/** `vmctl log web --console` */
export function commandFor(vm: string | undefined, verb: string, ...flags: readonly string[]): string {
  return ['vmctl', verb, ...(vm === undefined ? [] : [vm]), ...flags].join(' ');
}

function refused(error: unknown): Error {
  return new VmctlError('VMCTL_GUEST_DISCONNECTED', {
    message: `The guest's SSH server started no command: ${messageOf(error)}.`,
    cause: error,
  });
}

/** Whether the server opened no channel; ssh2 gives such errors the reason of RFC 4254, 5.1. */
function isOpenFailure(error: unknown): boolean {
  return isVmctlError(error) && error.cause instanceof Error && 'reason' in error.cause;
}
