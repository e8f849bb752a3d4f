import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openConsoleStream } from '../../../src/serial/console-stream.js';
import { openSerial, type SerialOptions, type SerialStream } from '../../../src/serial/serial-stream.js';
import type { FakePropolisServer } from '../../../src/testing.js';
import { makeError, useFakeServers } from '../../support/fakes.js';
import { until } from '../../support/until.js';

const lab = useFakeServers();
const { signal } = new AbortController();
const streams: SerialStream[] = [];
afterEach(() => {
  for (const stream of streams.splice(0)) stream.destroy();
});

async function open(server: FakePropolisServer, more: Partial<SerialOptions> = {}): Promise<SerialStream> {
  const stream = await openSerial({ address: server.address, error: makeError, vm: 'web', signal, ...more });
  streams.push(stream);
  return stream;
}

/** Takes everything that comes. */
function collect(stream: SerialStream): { bytes: Buffer } {
  const seen = { bytes: Buffer.alloc(0) };
  stream.on('data', (chunk: Buffer) => (seen.bytes = Buffer.concat([seen.bytes, chunk])));
  return seen;
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

describe('16: the serial console', () => {
  it('gives the bytes of the guest unchanged, and those that are typed', async () => {
    const server = await lab.running();
    const stream = await open(server);
    const seen = collect(stream);
    server.say(everyByte);
    stream.write(everyByte);
    await until('all bytes', () => seen.bytes.length === 256);
    await until('all input', () => server.serial.input.length === 256);
    expect(seen.bytes).toEqual(everyByte);
    expect(server.serial.input).toEqual(everyByte);
  });

  it('begins where it is asked to', async () => {
    const server = await lab.running();
    server.say('0123456789');
    const fromStart = await open(server, { offset: { fromStart: 3 } });
    const mostRecent = await open(server, { offset: { mostRecent: 2 } });
    const now = await open(server);
    const seen = [fromStart, mostRecent, now].map(collect);
    server.say('!');
    await until('the last byte', () => seen.every(({ bytes }) => bytes.includes('!')));
    expect(seen.map(({ bytes }) => bytes.toString())).toEqual(['3456789!', '89!', '!']);
    expect([fromStart.position, mostRecent.position, now.position]).toEqual([11, undefined, undefined]);
  });

  it('ends without an error when the VM stops, after its last words', async () => {
    const server = await lab.running();
    const stream = await open(server);
    server.say('power down\n');
    server.powerOff();
    expect(await text(stream)).toBe('power down\n');
    expect(stream.errored).toBeNull();
    if (!stream.closed) await once(stream, 'close');
  });

  it('is an error when the connection breaks without a word', async () => {
    const server = await lab.running();
    const stream = await open(server);
    server.serial.hangUp('drop');
    await expect(text(stream)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERIAL',
      message: 'The serial console of web is lost: the connection broke without a word.',
    });
  });

  it('is an error when the server closes it for another reason, which is said', async () => {
    const server = await lab.running();
    const stream = await open(server);
    server.serial.hangUp({ code: 1011, reason: 'out of memory' });
    await expect(text(stream)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERIAL',
      message: expect.stringContaining('1011: out of memory'),
    });
  });

  it('follows a VM that migrates, and goes on at its byte there', async () => {
    const source = await lab.running();
    const target = await lab.running();
    const stream = await open(source, { offset: { fromStart: 0 } });
    const seen = collect(stream);
    source.say('before ');
    await until('what came before', () => seen.bytes.toString() === 'before ');
    target.say('before and after');
    source.startMigration();
    const { host, port } = target.address;
    await source.endMigration({ destination: `${host}:${port}`, fromStart: 7 });
    await until('what came after', () => seen.bytes.toString() === 'before and after');
    expect(target.requests.filter(({ method }) => method === 'WS')).toMatchObject([
      { path: '/instance/serial?from_start=7', headers: { 'api-version': '5.0.0' } },
    ]);
    stream.write('typed there');
    await until('the input', () => target.serial.input.toString() === 'typed there');
    expect(stream.address).toEqual(target.address);
    expect(stream.position).toBe(16);
    target.powerOff();
    await once(stream, 'end');
    expect(stream.errored).toBeNull();
  });

  it('keeps what is typed while the VM moves', async () => {
    const source = await lab.running();
    const target = await lab.running({
      // While it is asked for the new connection.
      onRequest: ({ method }) => void (method === 'WS' && stream.write('typed meanwhile')),
    });
    const stream = await open(source);
    stream.resume();
    const { host, port } = target.address;
    source.startMigration();
    source.serial.control({ Migrating: { destination: `${host}:${port}`, from_start: 0 } });
    await until('the input', () => target.serial.input.toString() === 'typed meanwhile');
    expect(source.serial.input.toString()).toBe('');
  });

  it('passes over what comes from the server that the VM has left: the other one says it again', async () => {
    const source = await lab.running();
    const target = await lab.running({
      greeting: 'said once',
      onRequest: ({ method }) => void (method === 'WS' && source.say('said once')),
    });
    const stream = await open(source);
    const seen = collect(stream);
    const { host, port } = target.address;
    source.serial.control({ Migrating: { destination: `${host}:${port}`, from_start: 0 } });
    await until('the new connection', () => target.serial.clients === 1);
    target.say('!');
    await until('the last byte', () => seen.bytes.includes('!'));
    expect(seen.bytes.toString()).toBe('said once!');
  });

  it('follows a VM to a server of an older version', async () => {
    const source = await lab.running();
    const target = await lab.running({ greeting: 'there', newestVersion: '1.0.0' });
    const seen = collect(await open(source, { version: '5.0.0' }));
    const { host, port } = target.address;
    source.serial.control({ Migrating: { destination: `${host}:${port}`, from_start: 0 } });
    await until('what is said there', () => seen.bytes.toString() === 'there');
  });

  it('is an error when nobody is where the VM went', async () => {
    const [source, target] = await Promise.all([lab.running(), lab.running()]);
    const { host, port } = target.address;
    await target.die();
    const stream = await open(source);
    source.serial.control({ Migrating: { destination: `${host}:${port}`, from_start: 0 } });
    await expect(text(stream)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERIAL',
      message: expect.stringContaining(`${host}:${port}`),
    });
  });

  it('passes over control frames that it does not know', async () => {
    const server = await lab.running();
    const stream = await open(server);
    const seen = collect(stream);
    server.serial.control({ Resized: { rows: 24 } });
    server.say('still here');
    await until('what came after', () => seen.bytes.toString() === 'still here');
  });

  it.each([
    'no object',
    { Migrating: null },
    { Migrating: { destination: 1 } },
    { Migrating: { destination: 'nowhere', from_start: 0 } },
  ])('is an error for a control frame that makes no sense: %j', async (frame) => {
    const server = await lab.running();
    const stream = await open(server);
    server.serial.control(frame);
    await expect(text(stream)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERIAL',
      message: expect.stringContaining('not understood'),
    });
  });

  it('takes no more from the server than its reader does', async () => {
    const server = await lab.running();
    const stream = await open(server);
    const piece = Buffer.alloc(64 * 1024, 'x');
    for (let count = 0; count < 256; count += 1) server.say(piece);
    await once(stream, 'readable');
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    // What is in the pipes already may come; not all of the 16 MiB.
    expect(stream.readableLength).toBeLessThan(4 * 1024 * 1024);
    let length = 0;
    stream.on('data', (chunk: Buffer) => (length += chunk.length));
    await until('all of it', () => length === 256 * piece.length);
  });

  it('tells its writer to wait, and loses nothing', async () => {
    const server = await lab.running();
    const stream = await open(server);
    stream.resume();
    const piece = Buffer.alloc(64 * 1024, 'x');
    let waits = 0;
    for (let count = 0; count < 16; count += 1) {
      if (stream.write(piece)) continue;
      waits += 1;
      await once(stream, 'drain');
    }
    expect(waits).toBeGreaterThan(0);
    await until('all input', () => server.serial.input.length === 16 * piece.length);
  });

  it('delivers what was written before it was left', async () => {
    const server = await lab.running();
    const stream = await open(server);
    await new Promise<void>((resolve) => stream.write('reboot\n', () => resolve()));
    stream.destroy();
    await once(stream, 'close');
    await until('the input', () => server.serial.input.toString() === 'reboot\n');
    await until('nobody to be connected', () => server.serial.clients === 0);
  });

  it('of a server of 1.0.0 is opened with that version', async () => {
    const server = await lab.running({ newestVersion: '1.0.0' });
    const seen = collect(await open(server));
    server.say('hello');
    await until('the hello', () => seen.bytes.toString() === 'hello');
    const versions = server.requests
      .filter(({ method }) => method === 'WS')
      .map(({ headers }) => headers['api-version']);
    expect(versions).toEqual(['5.0.0', '1.0.0']);
  });
});

describe('opening a console', () => {
  const console = (server: FakePropolisServer, replay: boolean, options: { signal?: AbortSignal } = {}) =>
    openConsoleStream(lab.client(server), { error: makeError, vm: 'web', replay, signal, ...options });

  it('replays what the guest has written since its boot, when that is wanted', async () => {
    const server = await lab.running({ greeting: 'booted\n' });
    const [with_, without] = await Promise.all([console(server, true), console(server, false)]);
    streams.push(with_, without);
    const seen = [with_, without].map(collect);
    server.say('and now\n');
    await until('the end', () => seen.every(({ bytes }) => bytes.includes('now\n')));
    expect(seen.map(({ bytes }) => bytes.toString())).toEqual(['booted\nand now\n', 'and now\n']);
  });

  it('is refused by a server without a VM, which would only drop it', async () => {
    const server = await lab.server();
    await expect(console(server, true)).rejects.toMatchObject({ code: 'VMCTL_PROPOLIS_NO_INSTANCE' });
    expect(server.requests.some(({ method }) => method === 'WS')).toBe(false);
    const dropped = await open(server);
    await expect(text(dropped)).rejects.toMatchObject({ code: 'VMCTL_PROPOLIS_SERIAL' });
  });

  it('shows why the server refuses', async () => {
    const server = (await lab.running()).fail('serial', { status: 400, message: 'one console is enough' });
    await expect(console(server, false)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_BAD_REQUEST',
      message: 'propolis-server refused the console of web: one console is enough',
    });
  });

  it('gives up when the server never answers, and at an abort', async () => {
    const server = (await lab.running()).fail('serial', { kind: 'hang', times: 2 });
    await expect(open(server, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERIAL',
      message: expect.stringContaining('nothing came within'),
    });
    const leaving = new AbortController();
    const opening = open(server, { signal: leaving.signal });
    leaving.abort(new Error('Ctrl-C'));
    await expect(opening).rejects.toThrow('Ctrl-C');
  });

  it('says that nobody listens', async () => {
    const server = await lab.running();
    const { address } = server;
    await server.die();
    await expect(openSerial({ address, error: makeError, vm: 'web', signal })).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERIAL',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
