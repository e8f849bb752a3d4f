import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestAddress, HypervisorContext, VmHandle } from '@vmctl/core/plugin';
import { addressOnConsole } from './console-address.js';
import { leasedAddress, parseLeases } from './dhcp-leases.js';
import { parseMacAddress } from './host/mac-address.js';
import type { Parts } from './parts.js';
import { readSettings } from './settings.js';
import { messageOf } from './thrown.js';

/** Where DHCP servers keep their leases. */
export const LEASE_FILES = [
  '/var/lib/misc/dnsmasq.leases',
  '/var/db/dnsmasq.leases',
  '/var/db/isc-dhcp/isc-dhcpd.leases',
  '/var/lib/dhcp/dhcpd.leases',
];
/** Bytes of the end of a console's log that are looked at. */
const CONSOLE_BYTES = 256 * 1024;
const SSH_PORT = 22;

/**
 * Where the guest's SSH server is, as far as is known now: the address in the VMFile, the lease of a DHCP server on this
 * host, the host's ARP table, and what the guest has said on its console.
 */
export async function findGuest(
  { host, commands }: Pick<Parts, 'host' | 'commands'>,
  vm: VmHandle,
  { signal }: Pick<HypervisorContext, 'signal'>,
  leaseFiles: readonly string[] = LEASE_FILES,
): Promise<GuestAddress> {
  const { network } = vm;
  const found = (address: string, source: string): GuestAddress => ({
    kind: 'tcp',
    host: address,
    port: SSH_PORT,
    source,
  });
  if (network.type !== 'vnic') return { kind: 'none', reason: 'it has no network' };
  if (network.address !== undefined) return found(network.address, 'VMFile');
  const macAddress = parseMacAddress(vm.mac_addr ?? '');
  if (macAddress === undefined) return { kind: 'none', reason: 'the MAC address of its VNIC is not known' };

  const { leases } = await readSettings(host);
  for (const path of leases === undefined ? leaseFiles : [leases]) {
    const text = await readFile(path, 'utf8').catch(() => '');
    const address = leasedAddress(parseLeases(text), macAddress, Date.now());
    if (address !== undefined) return found(address, 'dhcp lease');
  }
  let problem = '';
  try {
    const neighbours = await commands.listNeighbours({ signal });
    const neighbour = neighbours.find((each) => each.macAddress === macAddress);
    if (neighbour !== undefined) return found(neighbour.address, 'arp');
  } catch (error) {
    signal.throwIfAborted();
    problem = `; the ARP table cannot be read: ${messageOf(error)}`;
  }
  const said = addressOnConsole(await consoleEnd(vm), macAddress);
  if (said !== undefined) return found(said, 'console');
  return {
    kind: 'none',
    reason: `no address of ${macAddress} is known yet; is there a DHCP server on its network${problem}?`,
  };
}

/** The end of what the guest has written since this start; earlier boots may have had another address. */
async function consoleEnd({ work_dir: workDir, console_log_start: begin = 0 }: VmHandle): Promise<string> {
  try {
    await using file = await open(join(workDir, 'console.log'), 'r');
    const { size } = await file.stat();
    const start = Math.max(begin <= size ? begin : 0, size - CONSOLE_BYTES);
    const length = size - start;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    // There is none yet.
    return '';
  }
}
