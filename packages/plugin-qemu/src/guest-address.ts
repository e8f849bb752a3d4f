import type { GuestAddress, PluginHost, VmHandle } from '@vmctl/core/plugin';
import { findNeighbour } from './neighbours.js';
import { messageOf } from './thrown.js';

/** Where the guest's SSH server is, as far as the host can know. */
export async function findGuest(host: PluginHost, vm: VmHandle, signal: AbortSignal): Promise<GuestAddress> {
  const { network, ssh_host_port: port, mac_addr: macAddress } = vm;
  if (network.type === 'user') {
    if (port === null) return { kind: 'none', reason: 'no port of the host leads to its SSH server' };
    return { kind: 'tcp', host: '127.0.0.1', port, source: 'port forward' };
  }
  if (network.type !== 'tap') return { kind: 'none', reason: 'it has no network' };
  if (network.address !== undefined)
    return { kind: 'tcp', host: network.address, port: 22, source: 'VMFile' };
  if (macAddress === null) return { kind: 'none', reason: 'its MAC address is not known' };
  try {
    const address = await findNeighbour(host, network.bridge, macAddress, signal);
    if (address !== undefined) return { kind: 'tcp', host: address, port: 22, source: 'arp' };
  } catch (error) {
    signal.throwIfAborted();
    const why = messageOf(error);
    return { kind: 'none', reason: `the neighbours of ${network.bridge} cannot be read: ${why}` };
  }
  return {
    kind: 'none',
    reason: `the host has not heard of ${macAddress} on ${network.bridge} yet; is there a DHCP server on that bridge?`,
  };
}
