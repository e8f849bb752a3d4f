import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

export const GREETING = JSON.stringify({
  QMP: {
    version: { qemu: { major: 9, minor: 1, micro: 2 }, package: 'fake' },
    capabilities: ['oob'],
  },
});

/** What the server does with a command; by default it returns an empty object. */
export type Behaviour = (
  request: { readonly execute: string; readonly arguments?: unknown; readonly id: number },
  socket: Socket,
) => void;

/** Plays the QMP side of QEMU on a unix socket. */
export class FakeQmpServer {
  readonly sockets: Socket[] = [];
  readonly requests: { readonly execute: string; readonly arguments?: unknown; readonly id: number }[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(
    path: string,
    options: { readonly greeting?: string | undefined; readonly behaviour?: Behaviour | undefined } = {},
  ): Promise<FakeQmpServer> {
    const server = createServer();
    const fake = new FakeQmpServer(server);
    server.on('connection', (socket) => {
      fake.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.write(options.greeting ?? `${GREETING}\r\n`);
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
        for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
          const request = JSON.parse(text.slice(0, end));
          text = text.slice(end + 1);
          fake.requests.push(request);
          if (request.execute === 'qmp_capabilities') reply(socket, request.id);
          else (options.behaviour ?? ((it) => reply(socket, it.id)))(request, socket);
        }
      });
    });
    server.listen(path);
    await once(server, 'listening');
    return fake;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export function reply(socket: Socket, id: number, value: unknown = {}): void {
  socket.write(`${JSON.stringify({ return: value, id })}\r\n`);
}
