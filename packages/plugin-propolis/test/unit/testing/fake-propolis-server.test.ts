import { describe, expect, it } from '@jest/globals';
import { type Exchange, exchange } from '../../../src/api/exchange.js';
import type { FakePropolisServer } from '../../../src/testing.js';
import { anEnsureRequest, useFakeServers } from '../../support/fakes.js';

const lab = useFakeServers();
const { signal } = new AbortController();

/** Asks as anybody can, not only as vmctl does. */
async function ask(
  server: FakePropolisServer,
  method: Exchange['method'],
  path: string,
  more: { readonly body?: unknown; readonly version?: string | null } = {},
) {
  const { body, version = '5.0.0' } = more;
  const answer = await exchange(server.address, {
    method,
    path,
    headers: version === null ? {} : { 'api-version': version },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  return { status: answer.status, ...(answer.body === '' ? {} : JSON.parse(answer.body)) };
}

const ensure = (server: FakePropolisServer) => ask(server, 'PUT', '/instance', { body: anEnsureRequest() });
const put = (server: FakePropolisServer, state: string) =>
  ask(server, 'PUT', '/instance/state', { body: state });
const monitor = (server: FakePropolisServer, gen: number) =>
  ask(server, 'GET', '/instance/state-monitor', { body: { gen } });

describe('a fake server', () => {
  it.each([
    [null, 'missing expected header "api-version"'],
    ['five', 'bad value for header "api-version": five'],
    ['5.0', 'bad value for header "api-version": 5.0'],
    ['5.0.1', 'server does not support this API version: 5.0.1'],
    ['6.0.0', 'server does not support this API version: 6.0.0'],
  ])('refuses the version %p', async (version, message) => {
    const server = await lab.server();
    expect(await ask(server, 'GET', '/instance', { version })).toMatchObject({
      status: 400,
      message,
      request_id: expect.any(String),
    });
  });

  it('serves every version up to its newest, also 6.0.0 when it is told to', async () => {
    const server = await lab.server({ newestVersion: '6.0.0' });
    for (const version of ['1.0.0', '4.9.9', '5.0.0', '6.0.0']) {
      expect(await ask(server, 'GET', '/instance', { version })).toMatchObject({ status: 424 });
    }
  });

  it('has no VM before it is given one: 424', async () => {
    const server = await lab.server();
    for (const path of [
      '/instance',
      '/instance/spec',
      '/instance/migration-status',
      '/instance/serial/history?from_start=0',
    ]) {
      expect(await ask(server, 'GET', path)).toMatchObject({ status: 424, error_code: 'NoInstance' });
    }
    expect(await put(server, 'Run')).toMatchObject({ status: 424 });
    expect(await monitor(server, 1)).toMatchObject({ status: 424 });
    expect(await ask(server, 'POST', '/instance/nmi')).toMatchObject({ status: 424 });
  });

  it('takes one VM for its life: 409, also when that is done with', async () => {
    const server = await lab.server();
    expect(await ensure(server)).toMatchObject({ status: 201 });
    expect(await ensure(server)).toMatchObject({ status: 409, error_code: 'AlreadyInitialized' });
    await put(server, 'Stop');
    await monitor(server, 4);
    expect(server.state).toBe('Destroyed');
    expect(await ensure(server)).toMatchObject({ status: 409 });
  });

  it('counts the changes of state from 1, and says 410 when none can come any more', async () => {
    const server = await lab.server();
    await ensure(server);
    expect(await monitor(server, 0)).toMatchObject({ status: 200, gen: 1, state: 'Creating' });
    server.hold('Starting');
    expect(await put(server, 'Run')).toEqual({ status: 204 });
    expect(await monitor(server, 2)).toMatchObject({ gen: 2, state: 'Starting' });
    server.release('Starting');
    expect(await monitor(server, 3)).toMatchObject({ gen: 3, state: 'Running' });
    expect(await put(server, 'Stop')).toEqual({ status: 204 });
    expect(await monitor(server, 6)).toMatchObject({ gen: 6, state: 'Destroyed' });
    expect(await monitor(server, 7)).toMatchObject({ status: 410 });
    expect(await ask(server, 'GET', '/instance')).toMatchObject({
      status: 200,
      instance: { state: 'Destroyed' },
    });
    expect(await put(server, 'Run')).toMatchObject({ status: 424 });
  });

  it('refuses with 403 what cannot come of the present state, with the reason in error_code', async () => {
    const server = await lab.running();
    server.hold('Stopped');
    await put(server, 'Stop');
    await monitor(server, 5);
    for (const [state, reason] of [
      ['Run', 'Instance has already halted'],
      ['Reboot', 'Instance has already halted'],
    ] as const) {
      expect(await put(server, state)).toMatchObject({
        status: 403,
        message: 'Forbidden',
        error_code: `instance state change not allowed: ${reason}`,
      });
    }
    expect(await put(server, 'Stop')).toEqual({ status: 204 });
    server.release('Stopped');
    expect(await put(await lab.running(), 'Pause')).toMatchObject({ status: 400 });
  });

  it('reboots, keeps the console, and lets the guest say again what it says first', async () => {
    const server = await lab.running({ greeting: 'hello ' });
    await put(server, 'Reboot');
    await monitor(server, 5);
    expect(await ask(server, 'GET', '/instance/serial/history?from_start=0')).toMatchObject({
      data: [...Buffer.from('hello hello ')],
      last_byte_offset: 12,
    });
  });

  it('stops a VM that migrates when that is over, and has it run down when it is elsewhere', async () => {
    const staying = await lab.running();
    staying.startMigration();
    expect(await put(staying, 'Stop')).toEqual({ status: 204 });
    expect(staying.state).toBe('Migrating');
    await staying.endMigration();
    expect(await monitor(staying, 7)).toMatchObject({ state: 'Destroyed' });
    const leaving = await lab.running();
    leaving.startMigration();
    await leaving.endMigration({ destination: '127.0.0.1:1', fromStart: 0 });
    expect(await monitor(leaving, 6)).toMatchObject({ state: 'Destroyed' });
  });

  it.each([
    ['from_start=0&most_recent=0', /Exactly one/],
    ['', /Exactly one/],
    ['from_start=x', /invalid digit/],
    ['from_start=-1', /invalid digit/],
  ])('gives no history for "%s"', async (query, message) => {
    const server = await lab.running();
    const answer = await ask(server, 'GET', `/instance/serial/history?${query}`);
    expect(answer).toMatchObject({ status: 400, message: expect.stringMatching(message) });
  });

  it('takes no body of more than 1 MiB, and none that is no JSON', async () => {
    const server = await lab.server();
    const body = { ...anEnsureRequest(), padding: 'x'.repeat(2 ** 20) };
    expect(await ask(server, 'PUT', '/instance', { body })).toMatchObject({
      status: 400,
      message: 'request body exceeded maximum size of 1048576 bytes',
    });
    const broken = await exchange(server.address, {
      method: 'PUT',
      path: '/instance',
      headers: { 'api-version': '5.0.0' },
      body: '{',
      signal,
    });
    expect(broken.status).toBe(400);
    expect(await ask(server, 'GET', '/instance/state-monitor')).toMatchObject({ status: 400 });
  });

  it('dies of a VM without com1', async () => {
    const deaths: string[] = [];
    const server = await lab.server({ onDeath: (why) => deaths.push(why) });
    const request = anEnsureRequest();
    const { com1: _left, ...components } = request.init.value.spec.components;
    const body = {
      ...request,
      init: { method: 'Spec', value: { spec: { ...request.init.value.spec, components } } },
    };
    await expect(ask(server, 'PUT', '/instance', { body })).rejects.toThrow();
    expect(deaths).toEqual([expect.stringContaining('com1')]);
  });

  it('says what went wrong inside of it in its log alone', async () => {
    const lines: string[] = [];
    const server = await lab.server({ hasVnic: () => false, log: (line) => lines.push(line) });
    const answer = await ensure(server);
    expect(answer).toMatchObject({ status: 500, message: 'Internal Server Error', error_code: 'Internal' });
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        req_id: answer.request_id,
        response_code: '500',
        error_message_internal: 'VM initialization failed: no VNIC vmctl7',
      }),
    );
    expect(server.state).toBeUndefined();
  });

  it('does a step wrong as often as it is told, and then right', async () => {
    const server = (await lab.server()).fail('ensure', { nth: 2, times: 2, status: 503 });
    const statuses = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await ensure(server)).status);
    expect(statuses).toEqual([201, 503, 503, 409]);
    server.fail('get', { kind: 'text', status: 502, body: '"bad gateway"' });
    expect(await ask(server, 'GET', '/instance')).toMatchObject({ status: 502 });
    expect(await ask(server, 'GET', '/instance')).toMatchObject({ status: 200 });
  });
});
