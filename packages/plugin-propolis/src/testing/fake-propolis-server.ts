import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerAddress } from '../api/exchange.js';
import { type InstanceState, VERSION_HEADER } from '../api/types.js';
import { requestedVersion } from './api-version.js';
import { answerFor, type FakeAnswer, FakeRefusal } from './fake-answer.js';
import { FakeApi } from './fake-api.js';
import { offsetOf, readBody } from './fake-body.js';
import { control } from './fake-control.js';
import { answerEndpoint, stepOf } from './fake-endpoints.js';
import { FakeLog } from './fake-log.js';
import { FakeSerial } from './fake-serial.js';
import type { FakePropolisServerOptions, FakeRequest } from './fake-server-options.js';
import { type FakeServerFault, type FakeStep, FaultList } from './faults.js';
import { type AcceptedSpec, ServerAborts } from './spec-rules.js';

/**
 * A propolis-server that boots nothing. It keeps to the rules of the real one, those that its schema does not say as well:
 * one VM for its life, versions, generations, final states, what a specification must have. Whoever starts it closes it.
 *
 * ```ts
 * await using server = await FakePropolisServer.listen();
 * server.fail('ensure', { kind: 'die' });
 * ```
 */
export class FakePropolisServer implements AsyncDisposable {
  /** Everything that was asked. */
  readonly requests: FakeRequest[] = [];
  /** The guest's serial port. */
  readonly serial: FakeSerial;
  readonly #options: FakePropolisServerOptions;
  readonly #server: Server;
  readonly #log: FakeLog;
  readonly #sockets = new Set<Socket>();
  readonly #faults = new FaultList();
  readonly #api: FakeApi;
  readonly #closed = new AbortController();

  private constructor(options: FakePropolisServerOptions) {
    this.#options = options;
    this.#log = new FakeLog(options.log ?? (() => undefined));
    this.serial = new FakeSerial((bytes) => options.onInput?.(bytes, this));
    this.#api = new FakeApi(options, this.serial);
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** @throws the error of the system when the address is taken */
  static async listen(options: FakePropolisServerOptions = {}): Promise<FakePropolisServer> {
    const fake = new FakePropolisServer(options);
    fake.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    await once(fake.#server, 'listening');
    fake.#log.write('listening', { local_addr: `${fake.address.host}:${fake.address.port}` });
    return fake;
  }

  get address(): ServerAddress {
    // A server on TCP has one of these while it listens.
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** The state of its VM; undefined when it has none. */
  get state(): InstanceState | undefined {
    return this.#api.instance?.state;
  }

  /** What its VM was made from; undefined when it has none. */
  get spec(): AcceptedSpec | undefined {
    return this.#api.spec;
  }

  /** Makes a step go wrong. Steps that were done before do not count. */
  fail(step: FakeStep, fault: FakeServerFault = {}): this {
    this.#faults.add(step, fault);
    return this;
  }

  /** Keeps the VM in a state when it comes to it, until {@link FakePropolisServer.release}. */
  hold(state: InstanceState): this {
    this.#api.hold(state);
    return this;
  }

  release(state: InstanceState): this {
    this.#api.release(state);
    return this;
  }

  /** The guest writes to its serial port. */
  say(text: string | Uint8Array): void {
    this.serial.say(typeof text === 'string' ? Buffer.from(text) : text);
  }

  /** The guest powers itself off. */
  powerOff(): void {
    this.#api.instance?.powerOff();
  }

  /** The VM breaks. */
  failVm(): void {
    this.#api.instance?.fail();
  }

  /** The VM begins to migrate to another server. */
  startMigration(): void {
    this.#api.instance?.startMigration();
  }

  /** The migration is over: the VM goes on here, or at `destination`, where its console has `fromStart` bytes. */
  async endMigration(moved?: { readonly destination: string; readonly fromStart: number }): Promise<void> {
    if (moved !== undefined) {
      const { destination, fromStart: from_start } = moved;
      this.serial.control({ Migrating: { destination, from_start } });
      this.serial.hangUp({ code: 1000, reason: '' });
    }
    await this.#api.instance?.endMigration(moved !== undefined);
  }

  /** Ends it as a crash does: without a word to anybody. Idempotent. */
  async die(why = 'killed by the test'): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    const closing = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closing;
    this.#options.onDeath?.(why);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.die('closed');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const { method = '', url = '' } = request;
    let answer: FakeAnswer | undefined;
    try {
      const body = await readBody(request);
      if (!this.#isControl(url)) this.#record({ method, path: url, headers: request.headers, body });
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      answer = await this.#answer(
        request,
        body,
        requestId,
        AbortSignal.any([gone.signal, this.#closed.signal]),
      );
    } catch (error) {
      answer = answerFor(error, requestId);
      if (error instanceof ServerAborts) {
        this.#log.write('thread panicked', { error: error.message });
        await this.die(error.message);
        return;
      }
    }
    if (answer === undefined || response.destroyed) return;
    const { status, body, text, internal } = answer;
    this.#log.write('request completed', {
      uri: url,
      method,
      req_id: requestId,
      response_code: String(status),
      ...(internal === undefined ? {} : { error_message_internal: internal }),
    });
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': requestId });
    response.end(text ?? (body === undefined ? undefined : JSON.stringify(body)));
  }

  /** @returns undefined when nothing is to be answered */
  async #answer(
    request: IncomingMessage,
    body: string,
    requestId: string,
    signal: AbortSignal,
  ): Promise<FakeAnswer | undefined> {
    const { pathname } = new URL(request.url ?? '', 'http://fake');
    if (this.#isControl(pathname)) {
      await control(this, pathname.slice('/fake/'.length), body);
      return { status: 204 };
    }
    const major = this.#versionOf(request);
    const step = stepOf(`${request.method} ${pathname}`, body);
    const fault = step === undefined ? undefined : this.#faults.take(step);
    if (fault?.kind === 'fail') this.#api.instance?.failToStart();
    else if (fault !== undefined) return this.#goWrong(request, fault, requestId);
    return answerEndpoint(this.#api, request, { body, major, signal });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#record({ method: 'WS', path: request.url ?? '', headers: request.headers, body: '' });
    try {
      this.#versionOf(request);
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake');
      if (pathname !== '/instance/serial') throw new FakeRefusal(404, 'Not Found');
      const fault = this.#faults.take('serial');
      if (fault?.kind === 'hang') return;
      if (fault?.kind === 'drop') socket.destroy();
      else if (fault?.kind === 'die') void this.die('told to by the test');
      else if (fault !== undefined)
        throw new FakeRefusal(fault.status ?? 500, fault.message ?? 'told to by the test', fault.errorCode);
      else {
        const hasInstance = this.#api.isActive;
        this.serial.connect(request, socket, head, { offset: offsetOf(searchParams), hasInstance });
      }
    } catch (error) {
      const requestId = randomUUID();
      const { status, body } = answerFor(error, requestId);
      const text = JSON.stringify(body);
      socket.end(
        `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\nx-request-id: ${requestId}\r\n` +
          `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
      );
    }
  }

  #record(request: FakeRequest): void {
    this.requests.push(request);
    this.#options.onRequest?.(request);
  }

  #isControl(path: string): boolean {
    return this.#options.control === true && path.startsWith('/fake/');
  }

  #versionOf({ headers }: IncomingMessage): number {
    const header = headers[VERSION_HEADER];
    return requestedVersion(
      typeof header === 'string' ? header : undefined,
      this.#options.newestVersion ?? '5.0.0',
    );
  }

  async #goWrong(
    request: IncomingMessage,
    fault: FakeServerFault,
    requestId: string,
  ): Promise<FakeAnswer | undefined> {
    const { kind = 'error', status = 500, message = 'told to by the test', errorCode, body = '' } = fault;
    if (kind === 'hang') return undefined;
    if (kind === 'drop') request.socket.destroy();
    else if (kind === 'die') await this.die(message);
    else if (kind === 'text') return { status, text: body, internal: message };
    else return answerFor(new FakeRefusal(status, message, errorCode), requestId);
    return undefined;
  }
}
