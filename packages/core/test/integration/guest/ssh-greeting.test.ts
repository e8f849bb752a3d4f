import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:net';
import { waitForGreeting } from '../../../src/guest/ssh-greeting.js';

const UNCONNECTED = 'the guest does not answer';
const UNTOLD = [UNCONNECTED, 'connections are accepted, but no SSH server answers'];

let server: Server | undefined;
afterEach(async () => {
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
});

/** A server that answers its first connection with `first`, and greets on the second one after a while. */
async function listen(first: string): Promise<number> {
  let connections = 0;
  server = createServer((socket) => {
    socket.on('error', () => {});
    connections++;
    if (connections === 1) socket.end(first);
    else setTimeout(() => socket.end('SSH-2.0-slow\r\n'), 450);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address.port;
}

async function reasonsWith(first: string): Promise<readonly string[]> {
  const port = await listen(first);
  const reasons: string[] = [];
  const { socket, line } = await waitForGreeting({
    address: async () => ({ kind: 'tcp', host: '127.0.0.1', port, source: 'test' }),
    signal: new AbortController().signal,
    onReason: (why) => void reasons.push(why),
  });
  socket.destroy();
  expect(line).toBe('SSH-2.0-slow');
  // On a busy machine an attempt may wait a while for what comes at once elsewhere.
  const told = reasons.findIndex((why) => !UNTOLD.includes(why));
  return [...new Set(reasons.slice(told))].filter((why) => why !== UNCONNECTED);
}

describe('the reason why there is no greeting yet', () => {
  it('stays what the server has said while the next attempt waits', async () => {
    expect(await reasonsWith('Exceeded MaxStartups\r\n')).toEqual(['the server says "Exceeded MaxStartups"']);
  });

  it('becomes that nothing answers when nothing was said', async () => {
    expect(await reasonsWith('')).toEqual([
      'the guest refuses the connection',
      'connections are accepted, but no SSH server answers',
    ]);
  });
});
