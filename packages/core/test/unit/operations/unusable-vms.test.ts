import { describe, expect, it } from '@jest/globals';
import { unusableVm } from '../../../src/operations/doctor/unusable-vms.js';
import type { VmListing } from '../../../src/operations/list.js';

const web: VmListing = {
  name: 'web',
  state: 'running',
  detail: null,
  backend: 'qemu',
  vcpus: 1,
  memoryMb: 1024,
  network: { type: 'user' },
  pid: 4711,
  ssh: null,
  forwards: [],
  createdAt: null,
  vmfile: null,
  unfinished: false,
  problem: null,
};
const said = (vm: Partial<VmListing>) => {
  const finding = unusableVm({ ...web, ...vm });
  return finding && { detail: finding.detail, fix: finding.fix };
};

describe('what doctor says of a VM', () => {
  it('is nothing when it runs, or could', () => {
    expect(said({})).toBeUndefined();
    expect(said({ state: 'stopped', detail: 'it said something at its end' })).toBeUndefined();
    expect(said({ state: 'suspended', detail: 'asleep (ACPI S3)' })).toBeUndefined();
    expect(said({ state: 'unknown' })).toBeUndefined();
  });

  it('is how to forget one without a disk that no VMFile makes anew', () => {
    expect(said({ state: 'destroyed', detail: 'there is no /vms/web/overlay.qcow2' })).toEqual({
      detail: 'It cannot start: there is no /vms/web/overlay.qcow2.',
      fix: 'vmctl destroy web',
    });
  });
});
