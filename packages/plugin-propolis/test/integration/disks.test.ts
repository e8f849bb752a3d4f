import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { contextOf, IMAGE_BYTES, useIllumosLab } from '../support/illumos-lab.js';
import { haveSameContent } from '../support/same-content.js';

const lab = useIllumosLab();
const MIB = 1024 * 1024;

function count(pattern: RegExp): number {
  return lab.fake.commands.filter((line) => pattern.test(line)).length;
}

describe('a disk', () => {
  it('grows to the size in the VMFile, in steps that zfs takes, and is never made smaller', async () => {
    await lab.prepared('web', { diskBytes: 3 * MIB + 1 });
    expect(lab.fake.state.datasets['rpool/vmctl/vms/web']?.volsize).toBe(3 * MIB + 128 * 1024);
    await lab.prepared('db', { diskBytes: IMAGE_BYTES });
    expect(lab.fake.state.datasets['rpool/vmctl/vms/db']?.volsize).toBe(IMAGE_BYTES);
    await expect(lab.prepared('cache', { diskBytes: IMAGE_BYTES - 1 })).rejects.toMatchObject({
      code: 'VMCTL_DISK_TOO_SMALL',
    });
    expect(count(/^zfs set volsize/)).toBe(1);
  });

  it('that somebody has made larger stays as large', async () => {
    const vm = await lab.prepared();
    lab.fake.run('zfs', ['set', `volsize=${4 * MIB}`, 'rpool/vmctl/vms/web']);
    await lab.backend().start(vm, contextOf());
    expect(lab.fake.state.datasets['rpool/vmctl/vms/web']?.volsize).toBe(4 * MIB);
  });

  it('13: that is there is taken when it is the VM’s, of the same origin', async () => {
    const spec = await lab.spec();
    const backend = lab.backend();
    const vm = lab.adopt(await backend.prepare(spec, contextOf()));
    // The next start makes the disk of a guest that has never run, unless it is there.
    await backend.start(vm, contextOf());
    expect(count(/^zfs destroy/)).toBe(0);
    expect(lab.fake.state.datasets['rpool/vmctl/vms/web']?.properties['vmctl:id']).toBe(vm.id);
  });

  it('13: of another origin is not taken and not touched, although zfs says that all is well', async () => {
    const vm = await lab.prepared();
    lab.fake.change(({ datasets }) => {
      datasets['rpool/other@base'] = { type: 'snapshot', volsize: IMAGE_BYTES, properties: {} };
      const web = datasets['rpool/vmctl/vms/web'];
      if (web !== undefined) datasets['rpool/vmctl/vms/web'] = { ...web, origin: 'rpool/other@base' };
    });
    await expect(lab.backend().start(vm, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_DATASET_TAKEN',
      message: expect.stringContaining('rpool/other@base'),
    });
  });

  it('14: of another user’s VM of the same name and image is neither used nor destroyed', async () => {
    const { id } = await lab.prepared();
    lab.fake.change(({ datasets }) => {
      const web = datasets['rpool/vmctl/vms/web'];
      const properties = { 'vmctl:id': `${id}0`, 'vmctl:source': '/home/other/vms/web' };
      if (web !== undefined) datasets['rpool/vmctl/vms/web'] = { ...web, properties };
    });
    const { datasets } = lab.fake.state;
    await expect(lab.backend().prepare(await lab.spec(), contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_DATASET_TAKEN',
    });
    expect(lab.fake.state.datasets).toEqual(datasets);
  });

  it('13: that comes to be between look and clone (“already exists”) is taken only with the right tags', async () => {
    const spec = await lab.spec();
    lab.fake.fail('zfs clone', "cannot create 'rpool/vmctl/vms/web': dataset already exists");
    await expect(lab.backend().prepare(spec, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_DATASET_TAKEN',
    });
  });

  it('14: of somebody else under the same name is neither used nor destroyed', async () => {
    lab.fake.run('zfs', ['create', '-p', '-s', '-V', String(MIB), 'rpool/vmctl/vms/web']);
    await expect(lab.backend().prepare(await lab.spec(), contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_DATASET_TAKEN',
      hint: expect.stringContaining('zfs rename'),
    });
    expect(lab.fake.state.datasets['rpool/vmctl/vms/web']).toBeDefined();
  });

  it('14: under whose name there is a file system is not made, and that is not touched', async () => {
    const name = 'rpool/vmctl/vms/web';
    lab.fake.change(({ datasets }) => void (datasets[name] = { type: 'filesystem', properties: {} }));
    await expect(lab.backend().prepare(await lab.spec(), contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_DATASET_TAKEN',
      message: expect.stringContaining(name),
    });
    expect(lab.fake.state.datasets[name]?.type).toBe('filesystem');
  });

  it('14: that a killed vmctl has left in the same work directory is made anew', async () => {
    const first = await lab.prepared();
    await rm(join(first.work_dir, 'propolis.json'));
    await truncate(lab.fake.device('rpool/vmctl/vms/web'), 0);
    const second = await lab.prepared();
    expect(lab.fake.state.datasets['rpool/vmctl/vms/web']?.properties['vmctl:id']).toBe(second.id);
    const { image } = await lab.spec();
    expect(await haveSameContent(lab.fake.device('rpool/vmctl/vms/web'), image.path)).toBe(true);
  });

  it('13: that is busy is destroyed as soon as it is not', async () => {
    const vm = await lab.prepared();
    lab.fake.fail('zfs destroy', "cannot destroy 'rpool/vmctl/vms/web': dataset is busy", 3);
    await lab.backend().destroy(vm, contextOf());
    expect(count(/^zfs destroy rpool\/vmctl\/vms\/web$/)).toBe(4);
    expect(await lab.inventory()).toEqual([]);
  });
});
