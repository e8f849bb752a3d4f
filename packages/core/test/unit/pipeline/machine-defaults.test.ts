import { describe, expect, it } from '@jest/globals';
import type { Supports } from '../../../src/hypervisor/contract.js';
import { machineDefaults, type MachineDefaults } from '../../../src/pipeline/machine-defaults.js';

type Can = Pick<Supports, 'firmware' | 'networks'>;

describe('a VM whose VMFile says nothing of firmware and network', () => {
  it.each<[string, Can, MachineDefaults]>([
    [
      'has bios and user networking where its backend has them, in whatever order it names them',
      { firmware: ['uefi', 'bios'], networks: ['none', 'tap', 'user'] },
      { firmware: 'bios', network: { type: 'user' } },
    ],
    [
      'has what its backend names first where it has others',
      { firmware: ['uefi'], networks: ['vnic', 'none'] },
      { firmware: 'uefi', network: { type: 'vnic' } },
    ],
    [
      'is on the bridge of the configuration where its backend has nothing but bridges',
      { firmware: ['uefi'], networks: ['tap'] },
      { firmware: 'uefi', network: { type: 'tap', bridge: 'br7' } },
    ],
  ])('%s', (_, supports, expected) => {
    expect(machineDefaults(supports, 'br7')).toEqual(expected);
  });
});
