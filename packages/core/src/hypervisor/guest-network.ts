import type { NetworkConfig } from './contract.js';

/**
 * Whether the guest has an address of its own on this network, which nobody knows before the guest has it: then an
 * address that is missing now is worth waiting for.
 */
export function isAddressFoundLater({ type }: NetworkConfig): boolean {
  return type === 'tap' || type === 'vnic';
}
