import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { VmSpec } from '@vmctl/core/plugin';
import { contextOf, IMAGE_BYTES, useIllumosLab } from '../support/illumos-lab.js';
import { haveSameContent } from '../support/same-content.js';

const lab = useIllumosLab();
const MIB = 1024 * 1024;

/** The volumes of images, of which there is one a content. */
function images(): string[] {
  return Object.entries(lab.fake.state.datasets)
    .filter(([name, { type }]) => name.startsWith('rpool/vmctl/images/') && type === 'volume')
    .map(([name]) => name);
}

function count(pattern: RegExp): number {
  return lab.fake.commands.filter((line) => pattern.test(line)).length;
}

async function imageName(path: string): Promise<string> {
  return `rpool/vmctl/images/${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`;
}

describe('an image', () => {
  it('is a volume under the digest of its file, with the snapshot that disks are cloned from', async () => {
    const vm = await lab.prepared();
    const { image } = await lab.spec();
    const name = await imageName(image.path);
    const { datasets } = lab.fake.state;
    expect(datasets[name]).toMatchObject({ type: 'volume', volsize: IMAGE_BYTES });
    expect(datasets['rpool/vmctl/vms/web']).toMatchObject({
      origin: `${name}@base`,
      properties: { 'vmctl:id': vm.id, 'vmctl:source': vm.work_dir },
    });
    expect(await haveSameContent(lab.fake.device('rpool/vmctl/vms/web'), image.path)).toBe(true);
  });

  it('12: qcow2 is converted, never passed as a path', async () => {
    const raw = join(lab.root, 'content.raw');
    const path = join(lab.root, 'disk.qcow2');
    await writeFile(raw, Buffer.alloc(MIB, 'the content of the disk'));
    expect(spawnSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, path]).status).toBe(0);
    const image: VmSpec['image'] = { path, format: 'qcow2', virtualSize: MIB };
    const vm = await lab.prepared('web', { image });
    expect(await haveSameContent(lab.fake.device('rpool/vmctl/vms/web'), raw)).toBe(true);
    expect(vm).toMatchObject({ zvol: 'rpool/vmctl/vms/web', overlay_path: null });
    const backend = lab.backend();
    const running = await backend.start(vm, contextOf());
    const port = running['propolis_port'];
    const headers = { 'api-version': '5.0.0' };
    const spec = await (await fetch(`http://127.0.0.1:${String(port)}/instance/spec`, { headers })).text();
    expect(spec).toContain('/dev/zvol/rdsk/rpool/vmctl/vms/web');
    expect(spec).not.toContain('qcow2');
  });

  it('12: without qemu-img the error says so, and nothing is made', async () => {
    const { exec, error } = lab.host();
    const backend = lab.backend(
      {},
      {
        exec: async (file, args, options) => {
          if (file !== 'qemu-img') return exec(file, args, options);
          throw error('VMCTL_HOST_COMMAND_MISSING', { message: 'The program "qemu-img" is needed.' });
        },
      },
    );
    await expect(backend.prepare(await lab.spec(), contextOf())).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_MISSING',
      message: expect.stringContaining('qemu-img'),
    });
    expect(await lab.inventory()).toEqual([]);
    expect(images()).toEqual([]);
  });

  it('is converted once for many VMs that are made at the same time, by however many commands', async () => {
    const specs = await Promise.all(['a', 'b', 'c', 'd'].map((name) => lab.spec(name)));
    const backend = lab.backend();
    const made = await Promise.all([
      ...specs.slice(0, 2).map((spec) => backend.prepare(spec, contextOf())),
      ...specs.slice(2).map((spec) => lab.backend().prepare(spec, contextOf())),
    ]);
    made.forEach((vm) => lab.adopt(vm));
    expect(count(/^qemu-img convert/)).toBe(1);
    expect(images()).toHaveLength(1);
  });

  it('that a killed vmctl has not finished is converted again: it has no snapshot', async () => {
    const spec = await lab.spec();
    const name = await imageName(spec.image.path);
    lab.fake.run('zfs', [
      'create',
      '-p',
      '-s',
      '-o',
      `vmctl:source=${spec.image.path}`,
      '-V',
      String(MIB),
      name,
    ]);
    lab.adopt(await lab.backend().prepare(spec, contextOf()));
    expect(lab.fake.state.datasets[`${name}@base`]?.type).toBe('snapshot');
    expect(await haveSameContent(lab.fake.device(name), spec.image.path)).toBe(true);
  });

  it('to which the qemu-img of a killed vmctl still writes is made anew when that is done', async () => {
    const spec = await lab.spec();
    const name = await imageName(spec.image.path);
    const source = `vmctl:source=${spec.image.path}`;
    lab.fake.run('zfs', ['create', '-p', '-s', '-o', source, '-V', String(MIB), name]);
    lab.fake.fail(`zfs destroy ${name}`, `cannot destroy '${name}': dataset is busy`, 3);
    lab.adopt(await lab.backend().prepare(spec, contextOf()));
    expect(count(/^zfs destroy/)).toBe(4);
    expect(lab.fake.state.datasets[`${name}@base`]?.type).toBe('snapshot');
  });

  it('of which another user has made the snapshot in this moment is taken as it is', async () => {
    const { exec } = lab.host();
    const twice: typeof exec = async (file, args, options) => {
      if (args[0] === 'zfs' && args[1] === 'snapshot') await exec(file, args, options);
      return exec(file, args, options);
    };
    lab.adopt(await lab.backend({}, { exec: twice }).prepare(await lab.spec(), contextOf()));
    expect(count(/^zfs snapshot/)).toBe(2);
    expect(images()).toHaveLength(1);
  });

  it('that cannot be converted leaves no volume, and what qemu-img said', async () => {
    lab.fake.fail('qemu-img convert', 'qemu-img: error while writing sector 0: No space left on device');
    await expect(lab.backend().prepare(await lab.spec(), contextOf())).rejects.toMatchObject({
      message: expect.stringContaining('No space left on device'),
    });
    expect(images()).toEqual([]);
  });

  it('under whose name there is a volume that vmctl did not make is not touched', async () => {
    const spec = await lab.spec();
    const name = await imageName(spec.image.path);
    lab.fake.run('zfs', ['create', '-p', '-s', '-V', String(MIB), name]);
    const before = lab.fake.state.datasets;
    await expect(lab.backend().prepare(spec, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_DATASET_TAKEN',
      message: expect.stringContaining(name),
    });
    expect(lab.fake.state.datasets).toEqual(before);
  });

  it('below another dataset than the one of the settings is not removed, although its file is gone', async () => {
    const vm = await lab.prepared();
    await rm((await lab.spec()).image.path);
    const elsewhere = lab.backend({}, { env: { VMCTL_PROPOLIS_DATASET: 'rpool/other' } });
    await elsewhere.destroy(vm, contextOf());
    expect(await lab.inventory()).toEqual([]);
    expect(images()).toHaveLength(1);
  });

  it('13: on which other disks stand is kept when its file is gone, and they are named; never `zfs destroy -R`', async () => {
    const web = await lab.prepared('web');
    const db = await lab.prepared('db');
    await rm((await lab.spec()).image.path);
    const context = contextOf();
    await lab.backend().destroy(web, context);
    expect(images()).toHaveLength(1);
    expect(context.seen).toMatchObject([
      { type: 'warning', code: 'VMCTL_PROPOLIS_IMAGE_KEPT', message: expect.stringContaining('vms/db') },
    ]);
    await lab.backend().destroy(db, contextOf());
    expect(images()).toEqual([]);
    expect(count(/zfs destroy .*-\w*[rR]/)).toBe(0);
  });

  it('13: that is busy is removed as soon as it is not, when its file is gone', async () => {
    const vm = await lab.prepared();
    await rm(join(lab.root, 'disk.img'));
    const [name = ''] = images();
    lab.fake.fail(`zfs destroy ${name}`, `cannot destroy '${name}': dataset is busy`, 2);
    await lab.backend().destroy(vm, contextOf());
    expect(images()).toEqual([]);
  });

  it('whose file has another content by now is another one', async () => {
    const backend = lab.backend();
    const spec = await lab.spec('web');
    lab.adopt(await backend.prepare(spec, contextOf()));
    await writeFile(spec.image.path, Buffer.alloc(IMAGE_BYTES, 'newer'));
    lab.adopt(await backend.prepare(await lab.spec('db'), contextOf()));
    expect(images()).toHaveLength(2);
  });

  it('whose file is there stays for the next VM', async () => {
    await lab.backend().destroy(await lab.prepared(), contextOf());
    expect(images()).toHaveLength(1);
    await lab.prepared();
    expect(count(/^qemu-img convert/)).toBe(1);
  });
});
