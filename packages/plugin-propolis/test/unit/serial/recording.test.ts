import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { record, type Recording } from '../../../src/serial/recording.js';
import type { FakePropolisServer } from '../../../src/testing.js';
import { useFakeServers, VM_UUID } from '../../support/fakes.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { until } from '../../support/until.js';

const directory = useTemporaryDirectory();
const lab = useFakeServers();
const fast = { retryMs: 5, goneMs: 100 };

/** Records in this process. */
function recordHere(
  server: FakePropolisServer,
  changes: Partial<Recording> = {},
  patience: Partial<typeof fast> = {},
) {
  const leaving = new AbortController();
  const logPath = join(directory.path, 'console.log');
  const recording: Recording = {
    vm: 'web',
    instanceId: VM_UUID,
    address: server.address,
    logPath,
    fromStart: 0,
    ...changes,
  };
  const log = (): Promise<string> => readFile(logPath, 'utf8').catch(() => '');
  return { leaving, log, ended: record(recording, { signal: leaving.signal, ...fast, ...patience }) };
}

describe('a recording', () => {
  it('is over when the VM has stopped, also when it had before', async () => {
    const server = await lab.running({ greeting: 'hello' });
    const { ended, log } = recordHere(server);
    await until('the greeting', async () => (await log()) === 'hello');
    server.powerOff();
    expect(await ended).toBe('stopped');
    expect(await recordHere(server).ended).toBe('stopped');
    expect(await log()).toBe('hello');
  });

  it('is over when the server is out of reach for long', async () => {
    const server = await lab.running();
    const { ended } = recordHere(server);
    await until('the recorder', () => server.serial.clients > 0);
    await server.die();
    expect(await ended).toBe('server-gone');
  });

  it('waits for a server that fails or is slow', async () => {
    const server = await lab.running({ greeting: 'hello' });
    server.fail('get', { times: 3 }).fail('serial', { kind: 'drop', times: 3 });
    const { ended, log } = recordHere(server);
    await until('the greeting', async () => (await log()) === 'hello');
    server.powerOff();
    expect(await ended).toBe('stopped');
  });

  it('takes a server that fails for one that is there, however long', async () => {
    const server = (await lab.running({ greeting: 'hello' })).fail('get', { times: 3 });
    const { ended, log } = recordHere(server, {}, { goneMs: 0 });
    await until('the greeting', async () => (await log()) === 'hello');
    server.powerOff();
    expect(await ended).toBe('stopped');
  });

  it('has the same patience after a connection that held for long', async () => {
    const server = await lab.running({ greeting: 'hello' });
    const began = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(began);
    try {
      const { ended, log } = recordHere(server, {}, { goneMs: 60_000 });
      await until('the greeting', async () => (await log()) === 'hello');
      clock.mockReturnValue(began + 3_600_000);
      server.fail('get', { kind: 'drop', times: 3 });
      server.serial.hangUp('drop');
      server.say(' again');
      await until('what was said since', async () => (await log()) === 'hello again');
      server.powerOff();
      expect(await ended).toBe('stopped');
    } finally {
      clock.mockRestore();
    }
  });

  it('connects again to the server that the VM has moved to', async () => {
    const source = await lab.running({ greeting: 'here ' });
    const target = await lab.running({ greeting: 'here and ' });
    const { ended, log } = recordHere(source);
    await until('the greeting', async () => (await log()) === 'here ');
    const { host, port } = target.address;
    source.startMigration();
    await source.endMigration({ destination: `${host}:${port}`, fromStart: 5 });
    await until('what was said there', async () => (await log()) === 'here and ');
    target.serial.hangUp('drop');
    target.say('there');
    await until('what was said since', async () => (await log()) === 'here and there');
    target.powerOff();
    expect(await ended).toBe('stopped');
  });

  it.each([
    ['another VM', {}, { instanceId: '00000000-0000-4000-8000-000000000099' }],
    ['a server of other versions', { newestVersion: '0.1.0' }, {}],
  ])('is over where %s is', async (_what, options, changes) => {
    const server = await lab.server(options);
    expect(await recordHere(server, changes).ended).toBe('other-vm');
    expect(await recordHere(await lab.running(), { instanceId: 'x' }).ended).toBe('other-vm');
  });

  it('is over where something else answers, or a server without a VM', async () => {
    const empty = await lab.server();
    expect(await recordHere(empty).ended).toBe('other-vm');
    const strange = (await lab.running()).fail('get', { kind: 'text', status: 200, body: 'Welcome' });
    expect(await recordHere(strange).ended).toBe('other-vm');
  });

  it('is left at an abort, while it records and while it waits', async () => {
    const server = await lab.running({ greeting: 'hello' });
    const recording = recordHere(server);
    await until('the recorder', () => server.serial.clients > 0);
    recording.leaving.abort();
    expect(await recording.ended).toBe('aborted');
    await until('nobody to be connected', () => server.serial.clients === 0);
    const waiting = recordHere((await lab.running()).fail('get', { times: 1000 }));
    await new Promise((resolve) => setImmediate(resolve));
    waiting.leaving.abort();
    expect(await waiting.ended).toBe('aborted');
  });
});
