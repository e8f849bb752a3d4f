import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { HostFinding } from '@vmctl/core/plugin';
import { contextOf, useIllumosLab } from '../support/illumos-lab.js';

const lab = useIllumosLab();

async function findings(env: Readonly<Record<string, string>> = {}): Promise<Record<string, HostFinding>> {
  const all = await lab.backend({}, { env }).diagnose(contextOf());
  return Object.fromEntries(all.map((finding) => [finding.id, finding]));
}

describe('doctor', () => {
  it('finds what a host has', async () => {
    await lab.prepared();
    const found = await findings();
    expect(found).toMatchObject({
      'propolis-server': { status: 'ok', detail: expect.stringContaining('propolis-server') },
      'propolis-bootrom': { status: 'ok' },
      'propolis-qemu-img': { status: 'ok' },
      'propolis-pfexec': { status: 'ok' },
      'propolis-zfs': { status: 'ok', detail: 'rpool/vmctl, 2 volumes' },
      'propolis-link': { status: 'ok', detail: 'net0' },
      'propolis-zone': { status: 'ok', title: 'Global zone' },
    });
  });

  it('finds what it lacks, with what mends it', async () => {
    await rm(join(lab.root, 'OVMF_CODE.fd'));
    lab.fake.change((state) => void (state.physicalLinks as string[]).push('net1'));
    lab.fake.fail('zfs list', 'The ZFS modules cannot be loaded.');
    const found = await findings({ VMCTL_PROPOLIS_SERVER: '/nowhere/propolis-server' });
    expect(found).toMatchObject({
      'propolis-server': { status: 'error', fix: expect.stringContaining('VMCTL_PROPOLIS_SERVER') },
      'propolis-bootrom': { status: 'error', fix: expect.stringContaining('VMCTL_PROPOLIS_BOOTROM') },
      'propolis-zfs': { status: 'error', detail: expect.stringContaining('cannot be loaded') },
      'propolis-link': { status: 'warning', fix: 'export VMCTL_PROPOLIS_LINK=net0' },
    });
  });

  it('14: finds the disk and the VNIC of a VM that is gone, and leaves those of others alone', async () => {
    const web = await lab.prepared('web');
    await lab.prepared('db');
    lab.fake.run('dladm', ['create-vnic', '-l', 'net0', 'web0']);
    // Of another user, who has a dataset of his own.
    const others = ['-o', 'vmctl:id=propolis-1', '-o', 'vmctl:source=/nowhere/vms/web'];
    lab.fake.run('zfs', ['create', '-p', '-s', ...others, '-V', '1048576', 'rpool/other/vms/web']);
    expect(await findings()).toMatchObject({ 'propolis-left-overs': { status: 'ok' } });
    // As after a kill, when the directory of a half-made VM was removed.
    await rm(web.work_dir, { recursive: true });
    const disk = 'rpool/vmctl/vms/web';
    expect(await findings()).toMatchObject({
      'propolis-left-overs': { status: 'warning', detail: disk, fix: `pfexec zfs destroy ${disk}` },
    });
    lab.fake.run('zfs', ['destroy', disk]);
    expect(await findings()).toMatchObject({
      'propolis-left-overs': {
        detail: String(web['vnic']),
        fix: `pfexec dladm delete-vnic -t ${String(web['vnic'])}`,
      },
    });
  });

  it('says in which zone vmctl is, when it is not the global one', async () => {
    const { exec } = lab.host();
    const inZone: typeof exec = async (file, args, options = {}) => {
      if (file !== 'zoneadm') return exec(file, args, options);
      const stdout = '3:web:running:/:9f1f0c3a-0000-4000-8000-00000000000a:ipkg:excl:3\n';
      await options.onStdout?.(Buffer.from(stdout));
      return { exitCode: 0, stdout, stderr: '' };
    };
    const all = await lab.backend({}, { exec: inZone }).diagnose(contextOf());
    expect(all.find(({ id }) => id === 'propolis-zone')).toMatchObject({
      status: 'warning',
      title: 'vmctl runs in the zone web',
    });
  });

  it('finds a setting that cannot be used', async () => {
    expect(await findings({ VMCTL_PROPOLIS_DATASET: 'rpool' })).toMatchObject({
      'propolis-settings': { status: 'error', detail: expect.stringContaining('rpool') },
    });
  });
});

it('says which link to choose when a VNIC could go over several', async () => {
  lab.fake.change((state) => void (state.physicalLinks as string[]).push('net1'));
  await expect(lab.backend().prepare(await lab.spec(), contextOf())).rejects.toMatchObject({
    code: 'VMCTL_PROPOLIS_LINK_UNCLEAR',
    message: expect.stringContaining('net0, net1'),
  });
  expect(await lab.inventory()).toEqual([]);
});
