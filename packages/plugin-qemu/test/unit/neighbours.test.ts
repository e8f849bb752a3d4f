import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findGuest } from '../../src/guest-address.js';
import { bestAddress, parseNeighbours } from '../../src/neighbours.js';
import { createPluginHost } from '../support/plugin-host.js';
import { handle } from '../support/handle.js';

const MAC = '52:54:00:ab:cd:ef';
// As iproute2 6.1 prints it.
const TABLE = JSON.stringify([
  { dst: '192.168.1.7', lladdr: '52:54:00:00:00:01', state: ['REACHABLE'] },
  { dst: 'fe80::5054:ff:feab:cdef', lladdr: MAC, state: ['REACHABLE'] },
  { dst: '192.168.1.50', lladdr: MAC, state: ['STALE'] },
  { dst: '2001:db8::50', lladdr: MAC, state: ['REACHABLE'] },
  { dst: '192.168.1.51', lladdr: MAC.toUpperCase(), state: ['REACHABLE'] },
  { dst: '192.168.1.52', lladdr: MAC, state: ['FAILED'] },
  { dst: '192.168.1.53', state: ['INCOMPLETE'] },
]);

describe('the neighbour table', () => {
  it('has the addresses of a MAC address that can be used', () => {
    expect(parseNeighbours(TABLE, MAC)).toEqual([
      { address: '192.168.1.50', reachable: false },
      { address: '2001:db8::50', reachable: true },
      { address: '192.168.1.51', reachable: true },
    ]);
  });

  it('leads to the address that answered last, IPv4 first', () => {
    expect(bestAddress(parseNeighbours(TABLE, MAC))).toBe('192.168.1.51');
    expect(bestAddress(parseNeighbours(TABLE, '52:54:00:00:00:99'))).toBeUndefined();
  });

  it('may hold anything without doing harm', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(Array.isArray(parseNeighbours(text, MAC))).toBe(true);
      }),
    );
  });
});

describe('findGuest', () => {
  const tap = handle({ network: { type: 'tap', bridge: 'br0' }, mac_addr: MAC, ssh_host_port: null });
  const { signal } = new AbortController();
  const hostWith = (stdout: string) => {
    const asked: (readonly string[])[] = [];
    const host = createPluginHost('/nowhere', {
      exec: async (file, args) => {
        asked.push([file, ...args]);
        return { exitCode: 0, stdout, stderr: '' };
      },
    });
    return { host, asked };
  };

  it('asks the neighbours of the bridge for a guest on it', async () => {
    const { host, asked } = hostWith(TABLE);
    expect(await findGuest(host, tap, signal)).toEqual({
      kind: 'tcp',
      host: '192.168.1.51',
      port: 22,
      source: 'arp',
    });
    expect(asked).toEqual([['ip', '-j', 'neigh', 'show', 'dev', 'br0']]);
  });

  it('takes the address that the VMFile says, and asks nobody', async () => {
    const { host, asked } = hostWith(TABLE);
    const network = { type: 'tap', bridge: 'br0', address: '192.168.1.9' } as const;
    expect(await findGuest(host, { ...tap, network }, signal)).toMatchObject({
      host: '192.168.1.9',
      source: 'VMFile',
    });
    expect(asked).toEqual([]);
  });

  it('says why there is no address', async () => {
    const { host } = hostWith('[]');
    const reason = async (vm: Parameters<typeof findGuest>[1]) => {
      const found = await findGuest(host, vm, signal);
      return found.kind === 'none' ? found.reason : found;
    };
    expect(await reason(tap)).toContain(`has not heard of ${MAC} on br0`);
    expect(await reason(handle({ network: { type: 'none' } }))).toContain('no network');
    expect(await reason(handle({ ssh_host_port: null }))).toContain('no port');
    expect(await reason({ ...tap, mac_addr: null })).toContain('MAC');
  });

  it('says so when the bridge is gone', async () => {
    const host = createPluginHost('/nowhere', {
      exec: () => Promise.reject(new Error('ip failed: Cannot find device "br0"')),
    });
    expect(await findGuest(host, tap, signal)).toEqual({
      kind: 'none',
      reason: expect.stringContaining('Cannot find device'),
    });
  });
});
