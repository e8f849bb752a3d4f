import { isIPv4 } from 'node:net';
import { parseMacAddress } from './mac-address.js';

/** Somebody whom the host has talked to on a network. */
export interface Neighbour {
  /** IPv4. */
  readonly address: string;
  /** Lower case and padded. */
  readonly macAddress: string;
}

/**
 * Reads `arp -an` of illumos: a table with device, address, mask, flags (which may be empty) and MAC address. Lines
 * without both addresses are headings, or entries that wait for an answer.
 */
export function parseNeighbours(output: string): Neighbour[] {
  return output.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const address = words.find((word) => isIPv4(word));
    const macAddress = parseMacAddress(words.at(-1) ?? '');
    return address === undefined || macAddress === undefined ? [] : [{ address, macAddress }];
  });
}
