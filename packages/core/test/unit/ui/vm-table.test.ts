import { describe, expect, it } from '@jest/globals';
import type { VmListing } from '../../../src/operations/list.js';
import { styleFor } from '../../../src/ui/style.js';
import { vmTable } from '../../../src/ui/vm-table.js';

const vm: VmListing = {
  name: 'web',
  state: 'running',
  detail: null,
  backend: 'noop',
  vcpus: 1,
  memoryMb: 512,
  network: { type: 'user' },
  pid: null,
  ssh: 'vm@127.0.0.1:41022',
  forwards: [],
  createdAt: null,
  vmfile: null,
  unfinished: false,
  problem: null,
};

describe('the list of VMs', () => {
  it('has an address to log in at for those that run, and for no others', () => {
    const states = ['running', 'stopped', 'suspended', 'failed', 'unknown'] as const;
    const rows = vmTable(
      states.map((state) => ({ ...vm, state })),
      styleFor({ isTTY: false }),
    );
    expect(rows.map((row) => row.includes('vm@127.0.0.1:41022'))).toEqual([
      ...[false, true],
      ...[false, false, false, false],
    ]);
  });
});
