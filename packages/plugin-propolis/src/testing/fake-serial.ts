import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { SerialOffset } from '../api/types.js';
import { SerialBuffer } from './serial-buffer.js';

/** Bytes in one frame of what was written before. */
const PIECE = 16 * 1024;

/** The serial port of a fake guest, and all who are connected to it. */
export class FakeSerial {
  readonly buffer = new SerialBuffer();
  /** Everything that was typed, in the order it came. */
  input = Buffer.alloc(0);
  readonly #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #clients = new Set<WebSocket>();
  readonly #watchers = new Set<() => void>();
  readonly #onInput: (bytes: Buffer) => void;

  constructor(onInput: (bytes: Buffer) => void) {
    this.#onInput = onInput;
  }

  /** How many are connected. */
  get clients(): number {
    return this.#clients.size;
  }

  /** The guest writes. */
  say(bytes: Uint8Array): void {
    this.buffer.add(bytes);
    for (const client of this.#clients) client.send(bytes, { binary: true });
  }

  /** Resolves when something holds of this port; asked again after each connection and each input. */
  async until(holds: (serial: this) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#watchers.add(resolve));
  }

  /** Takes a connection; first it gets what was written from the offset on. */
  connect(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    options: { readonly offset: SerialOffset | undefined; readonly hasInstance: boolean },
  ): void {
    this.#webSockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => undefined);
      if (!options.hasInstance) {
        socket.destroy();
        return;
      }
      try {
        if (options.offset !== undefined) this.#replay(client, options.offset);
      } catch {
        // What is no longer kept cannot be sent; the real one drops the connection then, too.
        socket.destroy();
        return;
      }
      client.on('message', (data, isBinary) => {
        if (!isBinary || !Buffer.isBuffer(data)) return;
        this.input = Buffer.concat([this.input, data]);
        this.#onInput(data);
        this.#notify();
      });
      client.on('close', () => {
        this.#clients.delete(client);
        this.#notify();
      });
      this.#clients.add(client);
      this.#notify();
    });
  }

  /** Sends everybody a control frame. */
  control(frame: unknown): void {
    for (const client of this.#clients) client.send(JSON.stringify(frame));
  }

  /** Ends all connections: in order, with a code, or without a word. */
  hangUp(how: { readonly code: number; readonly reason: string } | 'drop'): void {
    for (const client of this.#clients) {
      if (how === 'drop') client.terminate();
      else client.close(how.code, how.reason);
    }
  }

  #replay(client: WebSocket, offset: SerialOffset): void {
    for (let from = offset; ;) {
      const { data, end } = this.buffer.read(from, PIECE);
      if (data.length === 0) return;
      client.send(data, { binary: true });
      from = { fromStart: end };
    }
  }

  #notify(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher();
  }
}
