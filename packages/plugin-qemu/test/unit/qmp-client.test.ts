import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { QmpClient } from '../../src/qmp-client.js';
import { type Behaviour, FakeQmpServer, GREETING, reply } from '../support/fake-qmp-server.js';
import { makeError } from '../support/plugin-host.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';

describe('QmpClient', () => {
  const directory = useTemporaryDirectory();
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0).toReversed()) await thing.close();
  });

  async function serve(options: { greeting?: string; behaviour?: Behaviour } = {}) {
    const path = join(directory.path, 'qmp.sock');
    const server = await FakeQmpServer.listen(path, options);
    open.push(server);
    return { path, server };
  }
  async function connect(behaviour?: Behaviour) {
    const { path, server } = await serve(behaviour === undefined ? {} : { behaviour });
    const client = await QmpClient.connect(path, { error: makeError });
    open.push(client);
    return { client, server };
  }

  it('reads the version and leaves the negotiation mode before anything else', async () => {
    const { client, server } = await connect();
    await client.execute('query-status');
    expect(client.version).toEqual({ major: 9, minor: 1, micro: 2, package: 'fake' });
    expect(server.requests.map(({ execute }) => execute)).toEqual(['qmp_capabilities', 'query-status']);
  });

  it('sends arguments, and gives each command its own reply whatever their order', async () => {
    const waiting: (() => void)[] = [];
    const { client, server } = await connect((request, socket) => {
      waiting.push(() => reply(socket, request.id, request.execute));
      if (waiting.length === 3) for (const answer of waiting.toReversed()) answer();
    });
    const replies = ['one', 'two', 'three'].map((name) => client.execute(name, { name }));
    expect(await Promise.all(replies)).toEqual(['one', 'two', 'three']);
    expect(server.requests.at(-1)).toMatchObject({ execute: 'three', arguments: { name: 'three' } });
  });

  it('turns an error reply into an error that names the command and QEMU’s class', async () => {
    const { client } = await connect(({ id }, socket) => {
      socket.write(`${JSON.stringify({ id, error: { class: 'DeviceNotFound', desc: 'no disk9' } })}\n`);
    });
    await expect(client.execute('eject')).rejects.toMatchObject({
      code: 'VMCTL_QMP_COMMAND_FAILED',
      message: 'QEMU refused "eject": no disk9',
      details: { command: 'eject', class: 'DeviceNotFound' },
    });
  });

  it('gives up on a command after its time, and is of use afterwards', async () => {
    const { client } = await connect(({ id, execute }, socket) => {
      if (execute === 'slow') setTimeout(() => reply(socket, id, 'late'), 60);
      else reply(socket, id, execute);
    });
    await expect(client.execute('slow', undefined, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'VMCTL_QMP_TIMEOUT',
    });
    expect(await client.execute('next')).toBe('next');
  });

  it('stops waiting on abort, with the reason of the signal', async () => {
    const { client } = await connect(() => undefined);
    const controller = new AbortController();
    const answer = client.execute('never', undefined, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    await expect(client.execute('x', undefined, { signal: controller.signal })).rejects.toThrow('enough');
  });

  it('rejects everything that waits when the connection breaks, and what comes later', async () => {
    const { client, server } = await connect(() => undefined);
    const events = client.events();
    const replies = [client.execute('a'), client.execute('b')];
    await once(server.sockets[0] ?? process, 'data');
    server.sockets[0]?.destroy();
    for (const answer of replies)
      await expect(answer).rejects.toMatchObject({ code: 'VMCTL_QMP_DISCONNECTED' });
    await expect(client.execute('c')).rejects.toMatchObject({ code: 'VMCTL_QMP_DISCONNECTED' });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('hands out events between replies', async () => {
    const { client } = await connect(({ id }, socket) => {
      socket.write(`{"event":"STOP","timestamp":{"seconds":1,"microseconds":0}}\r\n`);
      reply(socket, id);
      socket.write(`{"event":"RESUME","data":{"a":1},"timestamp":{"seconds":2,"microseconds":0}}\r\n`);
    });
    const events = client.events();
    await client.execute('stop');
    expect((await events.next()).value).toEqual({ name: 'STOP', data: {}, time: 1000 });
    expect((await events.next()).value).toEqual({ name: 'RESUME', data: { a: 1 }, time: 2000 });
  });

  it.each([
    ['text', 'HTTP/1.1 400 Bad Request\r\n'],
    ['JSON that is no message', '[1,2,3]\n'],
    [
      'a complaint about what it could not parse',
      '{"error":{"class":"GenericError","desc":"JSON parse error"}}\n',
    ],
    ['binary', `${'\u0000\u0001\ufffd'.repeat(10)}\n`],
  ])('ends the connection when it is sent %s', async (_, nonsense) => {
    const { client } = await connect((_request, socket) => socket.write(nonsense));
    await expect(client.execute('anything')).rejects.toMatchObject({ code: 'VMCTL_QMP_PROTOCOL' });
    await expect(client.execute('more')).rejects.toMatchObject({ code: 'VMCTL_QMP_PROTOCOL' });
  });

  it('does not buffer a reply that never ends', async () => {
    const { client } = await connect((_request, socket) => {
      const block = 'x'.repeat(1024 * 1024);
      const more = (): void => {
        while (!socket.destroyed && socket.write(block));
        if (!socket.destroyed) socket.once('drain', more);
      };
      more();
    });
    await expect(client.execute('flood')).rejects.toMatchObject({ code: 'VMCTL_QMP_PROTOCOL' });
  });

  it('understands replies that arrive in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
        async (value, sizes) => {
          const path = join(directory.path, 'pieces.sock');
          const server = await FakeQmpServer.listen(path, {
            behaviour: ({ id }, socket) => {
              const bytes = Buffer.from(`{"event":"X"}\n${JSON.stringify({ return: value, id })}\r\n`);
              socket.setNoDelay(true);
              for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
                const size = sizes[turn % sizes.length] ?? 1;
                socket.write(bytes.subarray(at, at + size));
                at += size;
              }
            },
          });
          try {
            await using client = await QmpClient.connect(path, { error: makeError });
            expect(await client.execute('echo')).toBe(Buffer.from(value).toString());
          } finally {
            await server.close();
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  describe('while it connects', () => {
    it.each(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'])('says %s as unreachable', async (what) => {
      const path = join(directory.path, 'nobody.sock');
      if (what === 'ENOTSOCK') await writeFile(path, '');
      if (what === 'ECONNREFUSED') await abandonedSocket(path);
      await expect(QmpClient.connect(path, { error: makeError })).rejects.toMatchObject({
        code: 'VMCTL_QMP_UNREACHABLE',
        hint: expect.stringContaining('vmctl restart --force'),
      });
    });

    it('gives up when no greeting comes', async () => {
      const { path } = await serve({ greeting: ' ' });
      await expect(QmpClient.connect(path, { error: makeError, timeoutMs: 30 })).rejects.toMatchObject({
        code: 'VMCTL_QMP_TIMEOUT',
        message: expect.stringContaining('the greeting'),
      });
    });

    it('gives up on abort', async () => {
      const { path } = await serve({ greeting: ' ' });
      const controller = new AbortController();
      const connecting = QmpClient.connect(path, { error: makeError, signal: controller.signal });
      controller.abort(new Error('enough'));
      await expect(connecting).rejects.toThrow('enough');
    });

    it('refuses what greets in another language', async () => {
      const { path } = await serve({ greeting: 'SSH-2.0-OpenSSH_9.2\r\n' });
      await expect(QmpClient.connect(path, { error: makeError })).rejects.toMatchObject({
        code: 'VMCTL_QMP_PROTOCOL',
      });
    });

    it('takes a greeting that comes in pieces', async () => {
      const path = join(directory.path, 'slow.sock');
      const server = await FakeQmpServer.listen(path, { greeting: GREETING.slice(0, 20) });
      open.push(server);
      const connecting = QmpClient.connect(path, { error: makeError });
      while (server.sockets.length === 0) await new Promise(setImmediate);
      server.sockets[0]?.write(`${GREETING.slice(20)}\r\n`);
      open.push(await connecting);
    });
  });
});

/** A socket file without a server, as a killed QEMU leaves it. */
async function abandonedSocket(path: string): Promise<void> {
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  await once(child, 'exit');
}
