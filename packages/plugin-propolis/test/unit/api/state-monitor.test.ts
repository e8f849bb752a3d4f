import { describe, expect, it } from '@jest/globals';
import { waitForState, watchStates } from '../../../src/api/state-monitor.js';
import type { FakePropolisServer } from '../../../src/testing.js';
import { anEnsureRequest, makeError, useFakeServers } from '../../support/fakes.js';

const lab = useFakeServers();
const { signal } = new AbortController();
const call = { signal, timeoutMs: 30_000 };
const wait = { ...call, error: makeError, vm: 'web' };

function monitorRequests(server: FakePropolisServer) {
  return server.requests.filter(({ path }) => path === '/instance/state-monitor');
}

describe('3: the state monitor', () => {
  it('is a GET with a body, whose length is said', async () => {
    const server = await lab.running();
    await lab.client(server).monitor(1, call);
    const request = monitorRequests(server).at(-1);
    expect(request).toMatchObject({
      method: 'GET',
      body: '{"gen":1}',
      headers: { 'content-length': '9', 'content-type': 'application/json' },
    });
    expect(request?.headers['transfer-encoding']).toBeUndefined();
  });

  it('begins with the present state and asks for the one after the last, until the end', async () => {
    const server = await lab.server();
    const client = lab.client(server);
    await client.ensure(anEnsureRequest(), call);
    const seen: string[] = [];
    for await (const { gen, state } of watchStates(client, call)) {
      seen.push(`${gen} ${state}`);
      if (state === 'Creating') await client.requestState('Run', call);
      if (state === 'Running') await client.requestState('Stop', call);
    }
    expect(seen.at(0)).toBe('1 Creating');
    expect(seen.at(-1)).toBe('6 Destroyed');
    const generations = seen.map((line) => Number(line.split(' ')[0]));
    const asked = monitorRequests(server).map(({ body }) => JSON.parse(body).gen);
    expect(asked).toEqual([1, ...generations.map((gen) => gen + 1)]);
  });

  it('may skip states, and goes on after the one that it was told', async () => {
    const server = await lab.running();
    const client = lab.client(server);
    expect(await client.monitor(2, call)).toEqual({ gen: 3, state: 'Running' });
    server.hold('Stopping');
    const watching = watchStates(client, { ...call, after: 3 });
    const next = watching.next();
    await client.requestState('Stop', call);
    expect((await next).value).toEqual({ gen: 4, state: 'Stopping' });
    server.release('Stopping');
    let last;
    for await (const state of watching) last = state;
    expect(last).toEqual({ gen: 6, state: 'Destroyed' });
  });

  it('takes 410 as the end', async () => {
    const server = await lab.running();
    const client = lab.client(server);
    await client.requestState('Stop', call);
    expect(await client.monitor(6, call)).toEqual({ gen: 6, state: 'Destroyed' });
    expect(await client.monitor(7, call)).toBeUndefined();
    const after: unknown[] = [];
    for await (const state of watchStates(client, { ...call, after: 6 })) after.push(state);
    expect(after).toEqual([]);
  });

  it('asks the same again when a connection has died without a word', async () => {
    const server = (await lab.running()).fail('monitor', { kind: 'hang', times: 2 });
    const watching = watchStates(lab.client(server), { ...call, pollMs: 50 });
    expect((await watching.next()).value).toEqual({ gen: 3, state: 'Running' });
    await watching.return(undefined);
    expect(
      monitorRequests(server)
        .map(({ body }) => body)
        .slice(-3),
    ).toEqual(Array(3).fill('{"gen":1}'));
  });

  it('refuses while there is no VM', async () => {
    const client = lab.client(await lab.server());
    await expect(client.monitor(1, call)).rejects.toMatchObject({ code: 'VMCTL_PROPOLIS_NO_INSTANCE' });
  });

  it('ends with the server', async () => {
    const server = await lab.running();
    const waiting = lab.client(server).monitor(4, call);
    await expect(Promise.all([waiting, server.die()])).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_UNREACHABLE',
    });
  });

  it('ends at an abort, with its reason', async () => {
    const leaving = new AbortController();
    const waiting = lab.client(await lab.running()).monitor(4, { ...call, signal: leaving.signal });
    leaving.abort(new Error('Ctrl-C'));
    await expect(waiting).rejects.toThrow('Ctrl-C');
  });
});

describe('waiting for a state', () => {
  it('is over when the VM is there', async () => {
    const server = await lab.server();
    const client = lab.client(server);
    await client.ensure(anEnsureRequest(), call);
    const running = waitForState(client, ['Running'], wait);
    await client.requestState('Run', call);
    expect(await running).toBe('Running');
  });

  it('is over when the VM can no longer come there', async () => {
    const server = (await lab.server()).fail('run', { kind: 'fail' });
    const client = lab.client(server);
    await client.ensure(anEnsureRequest(), call);
    const running = waitForState(client, ['Running'], wait);
    await client.requestState('Run', call);
    expect(await running).toBe('Failed');
    const asked = monitorRequests(server).length;
    expect(await waitForState(client, ['Running'], wait)).toBe('Failed');
    // Of one that has failed there is nothing more to wait for.
    expect(monitorRequests(server)).toHaveLength(asked + 1);
    const other = await lab.running();
    other.powerOff();
    expect(await waitForState(lab.client(other), ['Rebooting'], wait)).toBe('Destroyed');
  });

  it('says at its deadline where the VM stayed', async () => {
    const server = (await lab.running()).hold('Stopping');
    const client = lab.client(server);
    await client.requestState('Stop', call);
    await expect(waitForState(client, ['Destroyed'], { ...wait, timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_TIMEOUT',
      message: 'web did not become Destroyed within 1 s; it is Stopping.',
    });
  });
});
