import { describe, expect, it } from '@jest/globals';
import type { VmInspection } from '../../../src/hypervisor/inspection.js';
import { inspectionRows } from '../../../src/ui/inspection-text.js';

const NOW = Date.parse('2026-03-04T15:00:00.000Z');
const rows = (live: Partial<VmInspection>) =>
  inspectionRows({ problems: [], ...live }, { vcpus: 2, memoryMb: 2048 }, NOW);

describe('inspectionRows', () => {
  it('tells what runs the VM, and since when', () => {
    const live = { engine: 'QEMU 7.2.22', accelerator: 'kvm', vcpus: 2, startedAt: '2026-03-04T12:00:00Z' };
    expect(rows(live)).toEqual([['engine', 'QEMU 7.2.22 (kvm), up 3h']]);
    expect(rows({ engine: 'QEMU 7.2.22', vcpus: 4 })).toEqual([['engine', 'QEMU 7.2.22, 4 vCPUs']]);
  });

  it('tells a state that has another word than running', () => {
    expect(rows({ status: 'io-error' })).toEqual([['engine says', 'io-error']]);
    expect(rows({ status: 'running' })).toEqual([]);
  });

  it('tells of memory only what differs from what was given', () => {
    expect(rows({ memory: { bytes: 2 ** 31, usableBytes: 2 ** 30 } })).toEqual([
      ['memory', "2 GiB, 1 GiB of it the guest's now"],
    ]);
    expect(rows({ memory: { bytes: 2 ** 31, usableBytes: 2 ** 31 } })).toEqual([]);
    expect(rows({ memory: { bytes: 2 ** 32, usableBytes: 2 ** 32 } })).toEqual([['memory', '4 GiB']]);
  });

  it('tells of each disk what it is, what it takes, and what is wrong with it', () => {
    const disk = {
      name: 'disk',
      path: '/vms/web/overlay.qcow2',
      format: 'qcow2',
      readOnly: false,
      sizeBytes: 20 * 2 ** 30,
      allocatedBytes: 3 * 2 ** 29,
      backing: '/images/debian.qcow2',
      problem: 'nospace',
      readBytes: 2 ** 20,
      writtenBytes: 0,
    };
    expect(rows({ disks: [disk, { name: 'seed', readOnly: true }] })).toEqual([
      [
        'disk',
        '/vms/web/overlay.qcow2 (qcow2), 20 GiB, 1.5 GiB on the host, 1 MiB read, on /images/debian.qcow2, failing: nospace',
      ],
      ['disk', 'seed: read-only'],
    ]);
  });

  it('lets nothing of a backend steer the terminal', () => {
    expect(rows({ more: { 'zone\u001b[2J': 'a\nb' }, problems: ['it\u0007 hangs'] })).toEqual([
      ['zone', 'a b'],
      ['not known', 'it hangs'],
    ]);
  });
});
