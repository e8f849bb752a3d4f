import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ServerGone, waitUntilUp } from '../../src/server-ready.js';
import { makeError, useFakeServers } from '../support/fakes.js';

const lab = useFakeServers();
const never = new Promise<never>(() => undefined);
const { signal } = new AbortController();
const options = {
  error: makeError,
  vm: 'web',
  logPath: join('/nowhere', 'server.log'),
  deadlineMs: 30_000,
  signal,
};

describe('a server that was started', () => {
  it('is up as soon as it answers, while its process lives', async () => {
    const client = lab.client(await lab.server());
    await waitUntilUp(client, { ended: never, end: () => undefined }, options);
  });

  it('is not up when another program answers in its place, and its own process has ended', async () => {
    const other = await lab.server();
    const ended = { ended: never, end: () => 'ended with exit code 1' };
    await expect(waitUntilUp(lab.client(other), ended, options)).rejects.toBeInstanceOf(ServerGone);
    // It was asked: to look before alone is too early.
    expect(other.requests).toHaveLength(1);
  });

  it('is asked again while it is not through with starting, and not once it refuses', async () => {
    const server = (await lab.server()).fail('get', { kind: 'drop', times: 3 });
    const live = { ended: never, end: () => undefined };
    await waitUntilUp(lab.client(server), live, options);
    expect(server.requests).toHaveLength(4);
    server.fail('get', { status: 500 });
    await expect(waitUntilUp(lab.client(server), live, options)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERVER_FAILED',
    });
  });
});
