import type { PluginHost } from '@vmctl/core/plugin';
import { isObject } from './qmp-message.js';

/** An address that the host has seen for a network card. */
export interface Neighbour {
  readonly address: string;
  readonly reachable: boolean;
}

/**
 * Looks a guest on a bridge up in the host's neighbour table (ARP and NDP) by its MAC address.
 *
 * The table only knows who has talked to the host; an address that is missing now may be there a moment later.
 *
 * @returns the best address, or undefined
 * @throws VMCTL_HOST_COMMAND_* when `ip` cannot be asked
 */
export async function findNeighbour(
  host: Pick<PluginHost, 'exec'>,
  bridge: string,
  macAddress: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { stdout } = await host.exec('ip', ['-j', 'neigh', 'show', 'dev', bridge], {
    signal,
    timeoutMs: 5_000,
  });
  return bestAddress(parseNeighbours(stdout, macAddress));
}

/** Reads `ip -j neigh`; what is not understood is left out. */
export function parseNeighbours(json: string, macAddress: string): Neighbour[] {
  let entries: unknown;
  try {
    entries = JSON.parse(json.trim() === '' ? '[]' : json);
  } catch {
    return [];
  }
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown): Neighbour[] => {
    if (!isObject(entry)) return [];
    const { dst, lladdr, state } = entry;
    if (typeof dst !== 'string' || typeof lladdr !== 'string') return [];
    if (lladdr.toLowerCase() !== macAddress.toLowerCase()) return [];
    const states = Array.isArray(state) ? state : [];
    if (states.includes('FAILED') || states.includes('INCOMPLETE')) return [];
    // A link-local address is of no use without its interface.
    if (dst.toLowerCase().startsWith('fe80:')) return [];
    return [{ address: dst, reachable: states.includes('REACHABLE') || states.includes('PERMANENT') }];
  });
}

/** One that answered just now before a stale one, IPv4 before IPv6. */
export function bestAddress(neighbours: readonly Neighbour[]): string | undefined {
  const rank = ({ address, reachable }: Neighbour): number =>
    (reachable ? 0 : 2) + (address.includes(':') ? 1 : 0);
  return neighbours.toSorted((one, other) => rank(one) - rank(other))[0]?.address;
}
