import type { PluginHost } from '@vmctl/core/plugin';
import { codeOf, messageOf } from '../thrown.js';
import { DeadlineError, withDeadline } from './deadline.js';
import { type Answer, exchange, type Exchange, type ServerAddress } from './exchange.js';
import { readInstance, readObservedState, readSerialHistory } from './read.js';
import { isVersionRefusal, readRefusal, refusalError } from './refusal.js';
import {
  API_VERSIONS,
  type ApiVersion,
  type Instance,
  type InstanceEnsureRequest,
  MAX_REQUEST_BYTES,
  type ObservedState,
  type RequestedState,
  type SerialHistory,
  type SerialOffset,
  VERSION_HEADER,
} from './types.js';

/** How long a server may take to answer what it knows. */
const ANSWER_MS = 10_000;
/** How long it may take to make a VM: it opens disks and reserves the guest's memory meanwhile. */
const ENSURE_MS = 60_000;

export interface PropolisClientOptions {
  readonly address: ServerAddress;
  /** Makes the errors. */
  readonly error: PluginHost['error'];
  /** The VM's name, for messages. */
  readonly vm: string;
  /** The server's log, absolute: it has the causes of what fails inside of the server. */
  readonly logPath?: string | undefined;
  /** The version that this server is known to serve. Default: found out with the first request. */
  readonly version?: ApiVersion | undefined;
}

/** What every call takes. */
export interface CallOptions {
  readonly signal: AbortSignal;
  /** Default: 10 s, to make a VM 60 s. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Speaks to one propolis-server. It keeps no connection; there is nothing to close.
 *
 * Every call throws the signal's reason after an abort, VMCTL_PROPOLIS_UNREACHABLE when nobody listens or the connection
 * breaks, VMCTL_PROPOLIS_TIMEOUT at its deadline, VMCTL_PROPOLIS_PROTOCOL for an answer that is not understood,
 * VMCTL_PROPOLIS_VERSION for a server of other versions, and one of VMCTL_PROPOLIS_BAD_REQUEST, _FORBIDDEN, _CONFLICT,
 * _GONE, _NO_INSTANCE, _SERVER_FAILED and _REFUSED with the server's reason.
 */
export class PropolisClient {
  readonly address: ServerAddress;
  readonly #options: PropolisClientOptions;
  #version: ApiVersion | undefined;

  constructor(options: PropolisClientOptions) {
    this.address = options.address;
    this.#options = options;
    this.#version = options.version;
  }

  /** The version that the server serves, asked for where it is not known yet. */
  async version(options: CallOptions): Promise<ApiVersion> {
    if (this.#version === undefined) await this.instance(options);
    return this.#version ?? API_VERSIONS[0];
  }

  /** The server's VM; undefined when it has none yet, which shows that it is up. */
  async instance(options: CallOptions): Promise<Instance | undefined> {
    const what = 'the state';
    const answer = await this.#call({ method: 'GET', path: '/instance' }, what, options);
    if (answer.status === 424) return undefined;
    if (answer.status !== 200) throw await this.#refused(answer, what);
    return this.#read(answer, what, readInstance);
  }

  /**
   * Gives the server its VM.
   *
   * @throws VMCTL_PROPOLIS_CONFLICT when it has one already
   * @throws VMCTL_PROPOLIS_SPEC_INVALID for a request of more than 1 MiB, before it is sent
   */
  async ensure(request: InstanceEnsureRequest, options: CallOptions): Promise<void> {
    const what = 'the specification';
    const body = JSON.stringify(request);
    if (Buffer.byteLength(body) > MAX_REQUEST_BYTES) {
      throw this.#options.error('VMCTL_PROPOLIS_SPEC_INVALID', {
        message: `The specification of ${this.#options.vm} has more than ${MAX_REQUEST_BYTES} bytes, which propolis-server takes.`,
        details: { vm: this.#options.vm, bytes: Buffer.byteLength(body) },
      });
    }
    const answer = await this.#call({ method: 'PUT', path: '/instance', body }, what, {
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? ENSURE_MS,
    });
    if (answer.status !== 201) throw await this.#refused(answer, what);
  }

  /**
   * Tells the VM where to go; the state monitor tells when it is there. `Stop` is a hard power-off.
   *
   * @throws VMCTL_PROPOLIS_FORBIDDEN when it cannot go there now
   * @throws VMCTL_PROPOLIS_NO_INSTANCE when there is no VM, or it is done with
   */
  async requestState(state: RequestedState, options: CallOptions): Promise<void> {
    const what = `the request "${state}"`;
    const body = JSON.stringify(state);
    const answer = await this.#call({ method: 'PUT', path: '/instance/state', body }, what, options);
    if (answer.status !== 204) throw await this.#refused(answer, what);
  }

  /**
   * Waits for a generation of the VM's state, or a later one.
   *
   * @param gen - 1 for the first one
   * @returns undefined when there will never be such a generation: the VM is done with
   * @throws VMCTL_PROPOLIS_NO_INSTANCE when the server has no VM
   */
  async monitor(
    gen: number,
    options: CallOptions & { readonly timeoutMs: number },
  ): Promise<ObservedState | undefined> {
    const what = 'the next state';
    const body = JSON.stringify({ gen });
    const answer = await this.#call({ method: 'GET', path: '/instance/state-monitor', body }, what, options);
    if (answer.status === 410) return undefined;
    if (answer.status !== 200) throw await this.#refused(answer, what);
    return this.#read(answer, what, readObservedState);
  }

  /**
   * What the guest has written, from a place on. The server keeps the first and the last MiB.
   *
   * @throws VMCTL_PROPOLIS_BAD_REQUEST when it no longer has that place
   */
  async serialHistory(
    offset: SerialOffset,
    options: CallOptions & { readonly maxBytes?: number | undefined },
  ): Promise<SerialHistory> {
    const what = 'the console';
    const query = new URLSearchParams(offsetQuery(offset));
    if (options.maxBytes !== undefined) query.set('max_bytes', String(options.maxBytes));
    const path = `/instance/serial/history?${query.toString()}`;
    const answer = await this.#call({ method: 'GET', path }, what, options);
    if (answer.status !== 200) throw await this.#refused(answer, what);
    return this.#read(answer, what, readSerialHistory);
  }

  /** Sends a request in the version that is known; while none is, in the newest that the server serves. */
  async #call(
    request: Pick<Exchange, 'method' | 'path' | 'body'>,
    what: string,
    { signal, timeoutMs = ANSWER_MS }: CallOptions,
  ): Promise<Answer> {
    return withDeadline({ signal, timeoutMs }, async (either) => {
      let last: Answer | undefined;
      for (const version of this.#version === undefined ? API_VERSIONS : [this.#version]) {
        const headers = { [VERSION_HEADER]: version };
        try {
          last = await exchange(this.address, { ...request, headers, signal: either });
        } catch (error) {
          throw this.#broken(error, what, signal);
        }
        if (last.status !== 400 || !isVersionRefusal(readRefusal(last.status, last.body))) {
          this.#version = version;
          return last;
        }
      }
      throw this.#options.error('VMCTL_PROPOLIS_VERSION', {
        message: `The propolis-server of ${this.#options.vm} serves none of the versions ${API_VERSIONS.join(' and ')} of its API.`,
        hint: 'Install a propolis-server that does; see the documentation of the backend.',
        details: { vm: this.#options.vm, versions: API_VERSIONS, answer: last?.body },
      });
    });
  }

  #broken(cause: unknown, what: string, signal: AbortSignal): Error {
    signal.throwIfAborted();
    const { error, vm } = this.#options;
    const { host, port } = this.address;
    const where = `${host}:${port}`;
    const details = { vm, address: where };
    if (cause instanceof DeadlineError) {
      return error('VMCTL_PROPOLIS_TIMEOUT', {
        message: `The propolis-server of ${vm}, at ${where}, did not answer when it was asked for ${what}: ${cause.message}.`,
        cause,
        details,
      });
    }
    if (codeOf(cause)?.startsWith('HPE_') === true || cause instanceof RangeError) {
      return error('VMCTL_PROPOLIS_PROTOCOL', {
        message: `What answers at ${where} is no propolis-server: ${messageOf(cause)}.`,
        cause,
        details,
      });
    }
    return error('VMCTL_PROPOLIS_UNREACHABLE', {
      message:
        codeOf(cause) === 'ECONNREFUSED'
          ? `The propolis-server of ${vm} does not run: nobody listens at ${where}.`
          : `The connection to the propolis-server of ${vm}, at ${where}, broke: ${messageOf(cause)}.`,
      cause,
      details,
    });
  }

  #refused(answer: Answer, what: string): Promise<Error> {
    const { error, vm, logPath } = this.#options;
    const { requestId } = answer;
    const refusal = readRefusal(answer.status, answer.body, requestId === undefined ? {} : { requestId });
    return refusalError(refusal, { error, vm, what, logPath });
  }

  #read<T>(answer: Answer, what: string, read: (body: string) => T): T {
    try {
      return read(answer.body);
    } catch (cause) {
      const { error, vm } = this.#options;
      const { host, port } = this.address;
      throw error('VMCTL_PROPOLIS_PROTOCOL', {
        message: `What answers at ${host}:${port} for ${vm} is no propolis-server that vmctl knows. It was asked for ${what}; ${messageOf(cause)}.`,
        cause,
        details: { vm, address: `${host}:${port}` },
      });
    }
  }
}

/** An offset as the query has it. */
export function offsetQuery(offset: SerialOffset): Record<string, string> {
  return 'fromStart' in offset
    ? { from_start: String(offset.fromStart) }
    : { most_recent: String(offset.mostRecent) };
}
