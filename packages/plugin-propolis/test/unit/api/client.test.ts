import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PropolisClient } from '../../../src/api/client.js';
import { API_VERSIONS } from '../../../src/api/types.js';
import { openConsoleStream } from '../../../src/serial/console-stream.js';
import { logToFile } from '../../../src/testing.js';
import { anEnsureRequest, makeError, useFakeServers, VM_UUID } from '../../support/fakes.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const lab = useFakeServers();
const { signal } = new AbortController();
const call = { signal, timeoutMs: 30_000 };

/** Everything that the client can ask, once. */
async function askEverything(client: PropolisClient): Promise<void> {
  await client.instance(call);
  await client.ensure(anEnsureRequest(), call);
  await client.monitor(1, call);
  await client.requestState('Run', call);
  await client.serialHistory({ fromStart: 0 }, call);
  const console = await openConsoleStream(client, { error: makeError, vm: 'web', replay: true, signal });
  console.destroy();
  await once(console, 'close');
  await client.requestState('Stop', call);
}

describe('2: the version of the API', () => {
  it('is said in every request, and in the upgrade to a WebSocket', async () => {
    const server = await lab.server();
    await askEverything(lab.client(server));
    expect(new Set(server.requests.map(({ method }) => method))).toEqual(new Set(['GET', 'PUT', 'WS']));
    expect(server.requests.map(({ headers }) => headers['api-version'])).toEqual(
      server.requests.map(() => '5.0.0'),
    );
  });

  it('falls back to 1.0.0 when the server does not know 5.0.0, and asks no second time', async () => {
    const server = await lab.server({ newestVersion: '1.0.0' });
    const client = lab.client(server);
    await askEverything(client);
    expect(await client.version(call)).toBe('1.0.0');
    const [first, ...others] = server.requests.map(({ headers }) => headers['api-version']);
    expect(first).toBe('5.0.0');
    expect(others).toEqual(others.map(() => '1.0.0'));
    expect(server.spec?.id).toBe(VM_UUID);
  });

  it('of a server that knows neither is an error that names both', async () => {
    const server = await lab.server({ newestVersion: '0.9.0' });
    await expect(lab.client(server).instance(call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_VERSION',
      message: expect.stringMatching(/5\.0\.0 and 1\.0\.0/),
    });
    expect(API_VERSIONS).toEqual(['5.0.0', '1.0.0']);
  });

  it('is not doubted because a specification is refused', async () => {
    const server = await lab.server();
    const client = lab.client(server);
    await expect(client.ensure({ ...anEnsureRequest(), init: {} } as never, call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_BAD_REQUEST',
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('5: what the server refuses', () => {
  it('with 400 shows its message', async () => {
    const server = await lab.server();
    const request = anEnsureRequest();
    const { spec } = request.init.value;
    const crowded = { ...spec, board: { ...spec.board, cpus: 33 } };
    const wanted = { ...request, init: { method: 'Spec', value: { spec: crowded } } } as const;
    await expect(lab.client(server).ensure(wanted, call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_BAD_REQUEST',
      message: 'propolis-server refused the specification of web: board.cpus: 33 is not between 1 and 32',
      details: { status: 400 },
    });
  });

  it('with 403 shows its error_code, where the reason is', async () => {
    const server = await lab.server();
    const client = lab.client(server);
    await client.ensure(anEnsureRequest(), call);
    await expect(client.requestState('Reboot', call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_FORBIDDEN',
      message: expect.stringContaining('Operation requires an active instance'),
    });
  });

  it('with 500 shows the id of the request and the line of the log', async () => {
    const logPath = join(directory.path, 'server.log');
    const server = await lab.server({ log: logToFile(logPath), hasFile: (path) => !path.endsWith('.iso') });
    const error: unknown = await lab
      .client(server, { logPath })
      .ensure(anEnsureRequest(), call)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'VMCTL_PROPOLIS_SERVER_FAILED',
      message: expect.stringMatching(
        /\(request [\da-f-]{36}\): VM initialization failed: \/vms\/web\/seed\.iso: No such/,
      ),
      hint: `Its log: ${logPath}`,
      details: {
        status: 500,
        request_id: expect.any(String),
        log: expect.stringContaining('"uri":"/instance"'),
      },
    });
  });

  it('with 500 and a body that does not say which request it was finds it by the header', async () => {
    const logPath = join(directory.path, 'server.log');
    const server = await lab.server({ log: logToFile(logPath) });
    server.fail('get', { kind: 'text', status: 500, body: 'oops', message: 'the pool is full' });
    await expect(lab.client(server, { logPath }).instance(call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERVER_FAILED',
      message: expect.stringMatching(/\(request [\da-f-]{36}\): the pool is full/),
    });
  });

  it('with 500 and without a log shows what there is', async () => {
    const server = (await lab.server()).fail('get');
    await expect(lab.client(server).instance(call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERVER_FAILED',
      message: expect.stringContaining('Internal Server Error'),
    });
  });

  it('with a second VM is told apart', async () => {
    const client = lab.client(await lab.server());
    await client.ensure(anEnsureRequest(), call);
    await expect(client.ensure(anEnsureRequest(), call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_CONFLICT',
    });
  });

  it.each([
    ['text', '<html>502 Bad Gateway</html>'],
    ['nothing', ''],
    ['another kind of JSON', '"gone"'],
    ['a list', '[]'],
    ['fields of other types', '{"message":1,"error_code":{},"request_id":null}'],
    ['half of an object', '{"message":"cut'],
  ])('with a body that is %s crashes nothing', async (_what, body) => {
    for (const status of [400, 403, 404, 409, 424, 500, 503]) {
      const server = (await lab.server()).fail('run', { kind: 'text', status, body });
      await expect(lab.client(server).requestState('Run', call)).rejects.toMatchObject({
        code: expect.stringMatching(/^VMCTL_PROPOLIS_/),
        details: expect.objectContaining({ status }),
      });
    }
  });

  it.each([
    '',
    'hello',
    '{}',
    '{"instance":{}}',
    '{"instance":{"properties":{"id":1},"state":"Running"}}',
    'null',
  ])('and an answer of 200 that is %j is no crash either', async (body) => {
    const server = (await lab.server()).fail('get', { kind: 'text', status: 200, body });
    await expect(lab.client(server).instance(call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_PROTOCOL',
    });
  });
});

describe('11: a VM that migrates', () => {
  it('cannot be rebooted, and the reason of the 403 is shown', async () => {
    const server = await lab.running();
    server.startMigration();
    await expect(lab.client(server).requestState('Reboot', call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_FORBIDDEN',
      message: expect.stringContaining('Operation cannot be performed on a migration source'),
    });
  });
});

describe('a client', () => {
  it('takes a server without a VM as one that is up', async () => {
    expect(await lab.client(await lab.server()).instance(call)).toBeUndefined();
  });

  it('knows the VM of a server, also after its end', async () => {
    const server = await lab.running();
    const client = lab.client(server);
    expect(await client.instance(call)).toEqual({ id: VM_UUID, name: 'web', state: 'Running' });
    await client.requestState('Stop', call);
    await client.monitor(7, call);
    expect(await client.instance(call)).toMatchObject({ id: VM_UUID, state: 'Destroyed' });
    await expect(client.requestState('Stop', call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_NO_INSTANCE',
    });
  });

  it('says that nobody listens', async () => {
    const server = await lab.server();
    const client = lab.client(server);
    const { port } = server.address;
    await server.die();
    await expect(client.instance(call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_UNREACHABLE',
      message: `The propolis-server of web does not run: nobody listens at 127.0.0.1:${port}.`,
    });
  });

  it.each(['die', 'drop'] as const)(
    'says that the connection broke, when the server does: %s',
    async (kind) => {
      const server = (await lab.server()).fail('ensure', { kind });
      await expect(lab.client(server).ensure(anEnsureRequest(), call)).rejects.toMatchObject({
        code: 'VMCTL_PROPOLIS_UNREACHABLE',
        message: expect.stringContaining('broke'),
      });
    },
  );

  it('gives up at its deadline', async () => {
    const server = (await lab.server()).fail('get', { kind: 'hang' });
    await expect(lab.client(server).instance({ signal, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_TIMEOUT',
      message: expect.stringContaining('within 0.1 s'),
    });
  });

  it('gives up at an abort, with its reason', async () => {
    const server = (await lab.server()).fail('get', { kind: 'hang' });
    const leaving = new AbortController();
    const asking = lab.client(server).instance({ ...call, signal: leaving.signal });
    leaving.abort(new Error('Ctrl-C'));
    await expect(asking).rejects.toThrow('Ctrl-C');
    const late = lab.client(server).instance({ ...call, signal: leaving.signal });
    await expect(late).rejects.toThrow('Ctrl-C');
  });

  it('sends no specification of more than 1 MiB', async () => {
    const server = await lab.server();
    const request = anEnsureRequest({ seed_iso_path: `/${'x'.repeat(2 ** 20)}` });
    await expect(lab.client(server).ensure(request, call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SPEC_INVALID',
    });
    expect(server.requests).toEqual([]);
  });

  it('reads what the guest has written, byte by byte', async () => {
    const server = await lab.running();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    server.say(bytes);
    const client = lab.client(server);
    expect(await client.serialHistory({ fromStart: 0 }, call)).toEqual({ data: bytes, endOffset: 256 });
    expect(await client.serialHistory({ mostRecent: 2 }, { ...call, maxBytes: 1 })).toEqual({
      data: Uint8Array.of(254),
      endOffset: 255,
    });
  });
});

describe('what is no propolis-server', () => {
  let server: Server | ReturnType<typeof createTcpServer> | undefined;
  afterEach(async () => {
    if (server?.listening === true) await new Promise((resolve) => server?.close(resolve));
  });

  async function clientOf(other: NonNullable<typeof server>): Promise<PropolisClient> {
    server = other.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A server on TCP has one of these while it listens.
    const { port } = server.address() as AddressInfo;
    return new PropolisClient({ address: { host: '127.0.0.1', port }, error: makeError, vm: 'web' });
  }

  it('may speak no HTTP', async () => {
    const client = await clientOf(
      createTcpServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.9\r\n')),
    );
    await expect(client.instance(call)).rejects.toMatchObject({ code: 'VMCTL_PROPOLIS_PROTOCOL' });
  });

  it('may know states that there are not', async () => {
    const properties = { id: VM_UUID, name: 'web' };
    const body = JSON.stringify({ instance: { properties, state: 'Dancing' } });
    const newer = (await lab.server()).fail('get', { kind: 'text', status: 200, body });
    await expect(lab.client(newer).instance(call)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_PROTOCOL',
      message: expect.stringContaining('"Dancing", which is no state'),
    });
  });

  it('may answer without an end', async () => {
    const client = await clientOf(
      createServer((_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024)));
        };
        response.on('drain', more);
        more();
      }),
    );
    await expect(client.instance(call)).rejects.toMatchObject({ code: 'VMCTL_PROPOLIS_PROTOCOL' });
  });
});

describe('a log that is no help', () => {
  it('leaves the answer as it is', async () => {
    const logPath = join(directory.path, 'server.log');
    await writeFile(logPath, 'no JSON\n{"msg":"of another request","req_id":"x"}\n[]\nnull\n');
    const server = (await lab.server()).fail('run');
    await expect(lab.client(server, { logPath }).requestState('Run', call)).rejects.toMatchObject({
      message: expect.stringMatching(/Internal Server Error$/),
    });
  });
});
