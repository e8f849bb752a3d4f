import { expect, it } from '@jest/globals';
import { isAddressFoundLater } from '../../../src/hypervisor/guest-network.js';

it.each([
  [{ type: 'user' }, false],
  [{ type: 'none' }, false],
  [{ type: 'tap', bridge: 'br0' }, true],
  [{ type: 'vnic', name: 'vnic0' }, true],
] as const)('says of %j whether an address that is missing is worth waiting for: %s', (network, worth) => {
  expect(isAddressFoundLater(network)).toBe(worth);
});
