import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { VmHandle } from '@vmctl/core/plugin';
import { createFakeHost } from '@vmctl/core/testing';
import { addressOnConsole } from '../../src/console-address.js';
import { leasedAddress, parseLeases } from '../../src/dhcp-leases.js';
import { findGuest } from '../../src/guest-address.js';
import { createIllumosCommands } from '../../src/host/illumos-commands.js';

const MAC = '02:08:20:0a:0b:0c';
const NOW = Date.parse('2026-11-21T12:00:00Z');

// As dnsmasq 2.90 writes it.
const DNSMASQ = `1795608000 02:08:20:00:00:01 10.0.0.7 other *
1795608000 02:08:20:0a:0b:0c 10.0.0.5 web 01:02:08:20:0a:0b:0c
duid 00:01:00:01:2c:aa
`;
// As ISC dhcpd 4.4 writes it: the last entry counts.
const ISC = `# The format of this file is documented in the dhcpd.leases(5) manual page.
lease 10.0.0.4 {
  starts 5 2026/11/20 10:00:00;
  ends 5 2026/11/20 22:00:00;
  binding state free;
  hardware ethernet 02:08:20:0a:0b:0c;
}
lease 10.0.0.5 {
  starts 6 2026/11/21 10:00:00;
  ends 6 2026/11/21 22:00:00;
  binding state active;
  next binding state free;
  hardware ethernet 02:08:20:0a:0b:0c;
  client-hostname "web";
}
`;
const CONSOLE = [
  'ci-info: ++++++++++++++++++++++Net device info++++++++++++++++++++++',
  'ci-info: | Device |  Up  |  Address  |      Mask     | Scope  |     Hw-Address    |',
  'ci-info: |  eth0  | True | 10.0.0.5  | 255.255.255.0 | global | 02:08:20:0a:0b:0c |',
  'ci-info: |  eth0  | True | fe80::8:20ff:fe0a:b0c/64 | . | link | 02:08:20:0a:0b:0c |',
  'ci-info: |   lo   | True | 127.0.0.1 |   255.0.0.0   |  host  |         .         |',
].join('\r\n');

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-propolis-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('leases', () => {
  it.each([
    ['dnsmasq', DNSMASQ],
    ['ISC dhcpd', ISC],
  ])('of %s have the address of a network card', (_server, text) => {
    expect(leasedAddress(parseLeases(text), MAC, NOW)).toBe('10.0.0.5');
    expect(leasedAddress(parseLeases(text), '02:08:20:ff:ff:ff', NOW)).toBeUndefined();
  });

  it('that have ended do not count, those without an end do', () => {
    const later = Date.parse('2027-11-21T12:00:00Z');
    expect(leasedAddress(parseLeases(DNSMASQ), MAC, later)).toBeUndefined();
    expect(leasedAddress(parseLeases(ISC), MAC, later)).toBeUndefined();
    expect(leasedAddress(parseLeases(DNSMASQ.replaceAll('1795608000', '0')), MAC, later)).toBe('10.0.0.5');
    const never = ISC.replaceAll(/ends [^;]*;/g, 'ends never;');
    expect(leasedAddress(parseLeases(never), MAC, later)).toBe('10.0.0.5');
  });

  it('that a server has given out one after the other for one card: the last one counts', () => {
    const both = `${ISC}${ISC.replaceAll('10.0.0.5', '10.0.0.6')}`;
    expect(leasedAddress(parseLeases(both), MAC, NOW)).toBe('10.0.0.6');
  });

  it('of a file that is just being written are read as far as they are whole', () => {
    expect(parseLeases(DNSMASQ.slice(0, 60))).toHaveLength(1);
    expect(parseLeases(`${ISC}lease 10.0.0.9 {\n  hardware eth`)).toHaveLength(1);
    expect(parseLeases('')).toEqual([]);
  });
});

describe('the console', () => {
  it('has the address in the table of cloud-init, the newest one of several boots', () => {
    expect(addressOnConsole(CONSOLE, MAC)).toBe('10.0.0.5');
    const again = CONSOLE.replaceAll('10.0.0.5', '10.0.0.6');
    expect(addressOnConsole(`${CONSOLE}\n${again}`, MAC)).toBe('10.0.0.6');
  });

  it('has it also between the colours of a terminal', () => {
    const colourful = CONSOLE.replaceAll('10.0.0.5', '\u{1b}[1m10.0.0.5\u{1b}[0m');
    expect(addressOnConsole(colourful, MAC)).toBe('10.0.0.5');
  });

  it('has none of another card, and none in what only looks like it', () => {
    expect(addressOnConsole(CONSOLE, '02:08:20:00:00:01')).toBeUndefined();
    expect(addressOnConsole(`| eth0 | True | 10.0.0.5 | ${MAC} |`, MAC)).toBeUndefined();
  });
});

describe('the guest', () => {
  const { signal } = new AbortController();

  function hostWith(arp: string | undefined, leases = '/nowhere') {
    const host = createFakeHost({ platform: 'sunos', env: { VMCTL_PROPOLIS_LEASES: leases } });
    if (arp !== undefined) host.commands.on('arp -an', { stdout: arp });
    return { host, commands: createIllumosCommands(host) };
  }

  function handle(changes: Partial<VmHandle> = {}): VmHandle {
    return {
      ...createFakeHost().newHandle({
        id: 'propolis-1',
        name: 'web',
        backend: 'propolis',
        workDir: root,
        image: { path: '/i', format: 'raw', virtualSize: 1 },
        vcpus: 1,
        memoryMb: 64,
        firmware: 'uefi',
        network: { type: 'vnic' },
        forwards: [],
        macAddress: MAC,
      }),
      ...changes,
    };
  }

  const ARP = `net0   10.0.0.8   255.255.255.255 o   2:8:20:a:b:c\n`;

  it('is where the VMFile says, without a look', async () => {
    const { host, commands } = hostWith(undefined);
    const vm = handle({ network: { type: 'vnic', address: '10.0.0.1' } });
    expect(await findGuest({ host, commands }, vm, { signal })).toEqual({
      kind: 'tcp',
      host: '10.0.0.1',
      port: 22,
      source: 'VMFile',
    });
    expect(host.commands.commands).toEqual([]);
  });

  it('is found by its lease, then in the ARP table, then on its console', async () => {
    const leases = join(root, 'leases');
    await writeFile(leases, DNSMASQ.replaceAll('1795608000', '0'));
    await writeFile(join(root, 'console.log'), CONSOLE);
    const sourceWith = async (parts: ReturnType<typeof hostWith>): Promise<string> => {
      const found = await findGuest(parts, handle(), { signal });
      return found.kind === 'tcp' ? `${found.host} by ${found.source}` : found.reason;
    };
    expect(await sourceWith(hostWith(ARP, leases))).toBe('10.0.0.5 by dhcp lease');
    expect(await sourceWith(hostWith(ARP))).toBe('10.0.0.8 by arp');
    expect(await sourceWith(hostWith(''))).toBe('10.0.0.5 by console');
    await rm(join(root, 'console.log'));
    expect(await sourceWith(hostWith(''))).toContain(`no address of ${MAC} is known yet`);
    expect(await sourceWith(hostWith(undefined))).toContain('the ARP table cannot be read');
  });

  it('is not looked for on what its console said before this start', async () => {
    await writeFile(join(root, 'console.log'), CONSOLE);
    const vm = handle({ console_log_start: CONSOLE.length });
    expect(await findGuest(hostWith(''), vm, { signal })).toMatchObject({ kind: 'none' });
  });

  it('is looked for in all of a console’s log that was begun anew since', async () => {
    await writeFile(join(root, 'console.log'), CONSOLE);
    const vm = handle({ console_log_start: CONSOLE.length + 1 });
    expect(await findGuest(hostWith(''), vm, { signal })).toMatchObject({ host: '10.0.0.5' });
  });

  it('has no address without a network, or while its MAC address is not known', async () => {
    const parts = hostWith(ARP);
    expect(await findGuest(parts, handle({ network: { type: 'none' } }), { signal })).toMatchObject({
      reason: 'it has no network',
    });
    expect(await findGuest(parts, handle({ mac_addr: null }), { signal })).toMatchObject({
      reason: expect.stringContaining('MAC'),
    });
  });
});
