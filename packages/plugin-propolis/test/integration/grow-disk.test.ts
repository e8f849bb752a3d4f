import { rm } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { VmHandle } from '@vmctl/core/plugin';
import { recordPath } from '../../src/vm-record.js';
import { contextOf, IMAGE_BYTES, useIllumosLab } from '../support/illumos-lab.js';

const lab = useIllumosLab();
const DISK = 'rpool/vmctl/vms/web';
const MIB = 1024 * 1024;

function sizeOfDisk(): number | undefined {
  return lab.fake.state.datasets[DISK]?.volsize;
}

function grow(vm: VmHandle, bytes: number): Promise<VmHandle> {
  return lab.backend().growDisk(vm, bytes, contextOf());
}

describe('the disk of a VM that is there', () => {
  it('grows in steps that zfs takes, and is never made smaller', async () => {
    const vm = await lab.prepared();
    expect(sizeOfDisk()).toBe(IMAGE_BYTES);
    const grown = await grow(vm, 3 * MIB + 1);
    expect(sizeOfDisk()).toBe(3 * MIB + 128 * 1024);
    expect(grown.disk_gb).toBe(1);
    await grow(grown, 2 * MIB);
    await grow(grown, 3 * MIB + 1);
    expect(sizeOfDisk()).toBe(3 * MIB + 128 * 1024);
    expect(lab.fake.commands.filter((line) => line.startsWith('zfs set'))).toHaveLength(1);
  });

  it('grows once the guest has powered itself off, although its server is still there', async () => {
    const vm = await lab.running();
    await expect(grow(vm, 3 * MIB)).rejects.toMatchObject({ code: 'VMCTL_VM_WRONG_STATE' });
    expect(sizeOfDisk()).toBe(IMAGE_BYTES);
    await lab.tell(vm, 'power-off');
    await grow(vm, 3 * MIB);
    expect(sizeOfDisk()).toBe(3 * MIB);
  });

  it('does not grow while its server does not say how it is', async () => {
    const vm = await lab.running();
    await lab.tell(vm, 'fault', JSON.stringify({ step: 'get', kind: 'drop', times: 100 }));
    await expect(grow(vm, 3 * MIB)).rejects.toMatchObject({ code: 'VMCTL_VM_WRONG_STATE' });
  });

  it('grows while a server has no VM: one that a killed vmctl had only just started', async () => {
    const vm = await lab.recorded();
    await lab.tell(vm, 'fault', JSON.stringify({ step: 'get', status: 424, errorCode: 'NoInstance' }));
    await grow(vm, 3 * MIB);
    expect(sizeOfDisk()).toBe(3 * MIB);
  });

  it('that a failed start has taken away is made as large by the next one', async () => {
    const vm = await lab.prepared();
    const env = { FAKE_PROPOLIS_FAULTS: JSON.stringify([{ step: 'run' }]) };
    await expect(lab.backend({}, { env }).start(vm, contextOf())).rejects.toThrow();
    expect(sizeOfDisk()).toBeUndefined();
    await lab.backend().start(await grow(vm, 3 * MIB), contextOf());
    expect(sizeOfDisk()).toBe(3 * MIB);
  });

  it('is missed when the guest has run, and found without the record of the VM', async () => {
    const vm = await lab.running();
    const stopped = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
    await rm(recordPath(vm.work_dir));
    await grow(stopped, 3 * MIB);
    expect(sizeOfDisk()).toBe(3 * MIB);
    lab.fake.run('zfs', ['destroy', DISK]);
    await expect(grow(stopped, 4 * MIB)).rejects.toMatchObject({ code: 'VMCTL_PROPOLIS_DISK_MISSING' });
    // Its VNIC is known by its name, not by a record that was made up.
    await lab.backend().destroy(stopped, contextOf());
    expect(await lab.inventory()).toEqual([]);
  });
});
