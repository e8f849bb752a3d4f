import { isIPv4 } from 'node:net';
import { parseMacAddress } from './host/mac-address.js';

/** An address that a DHCP server has given out. */
export interface Lease {
  readonly address: string;
  /** Lower case and padded. */
  readonly macAddress: string;
  /** Milliseconds since the epoch; undefined: it never ends, or the file does not say. */
  readonly endsAt: number | undefined;
}

/**
 * Reads the lease file of dnsmasq (`expiry mac address name id` on a line) or of ISC dhcpd (`lease address { … }`), in
 * the file's order. What is neither is passed over: the server may be writing just now.
 */
export function parseLeases(text: string): Lease[] {
  return /^\s*lease\s+\S+\s*\{/m.test(text) ? iscLeases(text) : dnsmasqLeases(text);
}

/** The address that a network card has now: of several leases the last one in the file that has not ended. */
export function leasedAddress(leases: readonly Lease[], macAddress: string, now: number): string | undefined {
  return leases.findLast(
    (lease) => lease.macAddress === macAddress && (lease.endsAt === undefined || lease.endsAt > now),
  )?.address;
}

function dnsmasqLeases(text: string): Lease[] {
  return text.split('\n').flatMap((line) => {
    const [expiry = '', mac = '', address = ''] = line.trim().split(/\s+/);
    const macAddress = parseMacAddress(mac);
    if (macAddress === undefined || !isIPv4(address) || !/^\d+$/.test(expiry)) return [];
    const seconds = Number(expiry);
    return [{ address, macAddress, endsAt: seconds === 0 ? undefined : seconds * 1000 }];
  });
}

function iscLeases(text: string): Lease[] {
  return [...text.matchAll(/^\s*lease\s+(\S+)\s*\{([^}]*)\}/gm)].flatMap(([, address = '', body = '']) => {
    const macAddress = parseMacAddress(/hardware ethernet ([^;\s]+);/.exec(body)?.[1] ?? '');
    if (macAddress === undefined || !isIPv4(address)) return [];
    const state = /^\s*binding state (\w+);/m.exec(body)?.[1] ?? 'active';
    if (state !== 'active') return [];
    const end = /^\s*ends (?:\d ([\d/]+) ([\d:]+)|(never));/m.exec(body);
    const endsAt =
      end?.[1] === undefined ? undefined : Date.parse(`${end[1].replaceAll('/', '-')}T${end[2]}Z`);
    return [{ address, macAddress, endsAt: Number.isNaN(endsAt) ? undefined : endsAt }];
  });
}
