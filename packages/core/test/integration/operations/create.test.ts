import { beforeEach, describe, expect, it } from '@jest/globals';
import { access, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Vmctl } from '../../../src/vmctl.js';
import { useNoopLibrary } from '../../support/noop-library.js';

const library = useNoopLibrary();

let vmctl: Vmctl;
beforeEach(async () => {
  // For its disk; the VMFile itself must not be needed.
  await library.write({});
  await rm(join(library.root, 'VMFile.kdl'));
  vmctl = new Vmctl({ env: {}, homeDir: library.root, cwd: library.root, backend: 'noop' });
});

function workDir(vm: string): string {
  return dirname(library.stateFile(vm));
}

describe('create', () => {
  it('makes a VM that is like any other', async () => {
    const { ok, vms } = await vmctl.create({ name: 'web', image: 'disk.img', vcpus: 2, memory: '2GiB' });
    expect({ ok, vms }).toMatchObject({ ok: true, vms: [{ vm: 'web', outcome: 'created' }] });
    expect(await vmctl.status()).toMatchObject([
      { name: 'web', state: 'prepared', vcpus: 2, memoryMb: 2048, vmfile: null, unfinished: false },
    ]);
    await access(join(workDir('web'), 'id_ed25519_generated'));
    expect(await readFile(join(workDir('web'), 'seed.iso'), 'latin1')).toContain('ssh-ed25519');
    expect((await vmctl.start({ names: ['web'] })).vms).toMatchObject([{ outcome: 'started' }]);
    expect((await vmctl.destroy({ names: ['web'] })).ok).toBe(true);
  });

  it('starts it when asked to, without waiting for the guest', async () => {
    const stages: string[] = [];
    vmctl.subscribe((event) => {
      if (event.type === 'stage.finished') stages.push(event.stage);
    });
    const { vms } = await vmctl.create({ name: 'web', image: 'disk.img', start: true });
    expect(vms).toMatchObject([{ outcome: 'started' }]);
    expect(stages).toEqual(['resolve', 'prepare', 'start']);
    expect(await vmctl.status()).toMatchObject([{ state: 'running', unfinished: false }]);
  });

  it('lets in the key that it is given, and generates none then', async () => {
    const key = `ssh-ed25519 ${Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0 '.padEnd(51, 'k')).toString('base64')} me`;
    await writeFile(join(library.root, 'id.pub'), `${key}\n`);
    expect(await vmctl.create({ name: 'web', image: 'disk.img', sshKey: 'id.pub' })).toMatchObject({
      ok: true,
    });
    expect(await readFile(join(workDir('web'), 'seed.iso'), 'latin1')).toContain(key);
    expect(await readdir(workDir('web'))).not.toContain('id_ed25519_generated');
  });

  it('refuses a name that is taken, before anything is done', async () => {
    await vmctl.create({ name: 'web', image: 'disk.img' });
    await expect(vmctl.create({ name: 'web', image: 'disk.img' })).rejects.toMatchObject({
      code: 'VMCTL_VM_EXISTS',
    });
  });

  it('makes one VM of two that are asked for under one name at once', async () => {
    const results = await Promise.all([
      vmctl.create({ name: 'web', image: 'disk.img' }),
      vmctl.create({ name: 'web', image: 'disk.img' }),
    ]);
    const outcomes = results.flatMap(({ vms }) => vms.map(({ outcome }) => outcome));
    expect(outcomes.toSorted()).toEqual(['created', 'failed']);
    expect(await vmctl.list()).toHaveLength(1);
  });

  it.each([
    [{ name: '../web', image: 'disk.img' }, 'VMCTL_VM_NAME_INVALID'],
    [{ name: 'web', image: 'disk.img', cloudInit: 'nowhere.yaml' }, 'VMCTL_FILE_NOT_FOUND'],
    [{ name: 'web' }, 'VMCTL_USAGE'],
  ])('refuses %j', async (options, code) => {
    await expect(vmctl.create(options)).rejects.toMatchObject({ code });
  });

  it('leaves nothing when it fails', async () => {
    expect(await vmctl.create({ name: 'web', image: 'nowhere.img' })).toMatchObject({
      ok: false,
      vms: [{ outcome: 'failed', stage: 'resolve', error: { code: 'VMCTL_IMAGE_NOT_FOUND' } }],
    });
    expect(await vmctl.list()).toEqual([]);
    await expect(access(workDir('web'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
