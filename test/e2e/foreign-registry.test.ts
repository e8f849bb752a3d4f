import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createProcessTable } from '../../packages/core/src/host/process-table.js';
import { until } from '../../packages/core/test/support/until.js';
import { guestDisk, HELLO } from '../../packages/plugin-qemu/test/support/guest-disk.js';
import { VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only: the guest is one boot sector. */
const LIMIT = 180_000;

let home: VmctlHome;
/** A QEMU that another tool has started. */
let foreign: ChildProcess;

/** A VM as the original tool leaves it: its files, its vms.json and its running QEMU. */
beforeAll(async () => {
  home = await VmctlHome.create({ plugins: ['plugin-qemu'] });
  const workDir = home.workDir('web');
  await mkdir(workDir, { recursive: true });
  const base = await home.write(guestDisk('attentive'), 'base.img');
  const overlay = join(workDir, 'overlay.qcow2');
  await promisify(execFile)('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, overlay]);
  await writeFile(join(workDir, 'seed.iso'), Buffer.alloc(64 * 1024));
  foreign = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg', '-machine', 'q35', '-m', '64', '-smp', '1', '-nodefaults', '-display', 'none'],
      ...['-drive', `file=${overlay},if=virtio,format=qcow2`],
      ...['-drive', `file=${join(workDir, 'seed.iso')},if=virtio,format=raw,readonly=on`],
      ...['-qmp', `unix:${join(workDir, 'qmp.sock')},server=on,wait=off`],
      ...['-serial', `file:${join(workDir, 'console.log')}`],
      ...['-pidfile', join(workDir, 'qemu.pid')],
    ],
    { stdio: 'ignore' },
  );
  await once(foreign, 'spawn');
  await writeFile(
    join(home.dataDir, 'vms.json'),
    JSON.stringify({
      web: {
        id: 'qemu-3b0c8f0e-9a51-4c4e-8d0a-6a1f4f3c2b11',
        name: 'web',
        backend: 'qemu',
        work_dir: workDir,
        overlay_path: overlay,
        seed_iso_path: join(workDir, 'seed.iso'),
        pid: foreign.pid,
        qmp_socket: join(workDir, 'qmp.sock'),
        console_socket: join(workDir, 'console.sock'),
        vnc_addr: null,
        vcpus: 1,
        memory_mb: 64,
        disk_gb: null,
        network: { type: 'user' },
        ssh_host_port: 41_022,
        mac_addr: '52:54:00:ab:cd:ef',
        uefi: false,
      },
    }),
  );
  await saidHello(1);
}, LIMIT);

afterAll(async () => {
  await home?.remove();
  foreign?.kill('SIGKILL');
}, LIMIT);

function saidHello(times: number): Promise<void> {
  const log = join(home.workDir('web'), 'console.log');
  return until('the hello of the guest', async () => {
    const text = await readFile(log, 'utf8').catch(() => '');
    return text.split(HELLO).length > times;
  });
}

async function listed(): Promise<unknown> {
  const { vms } = (await home.json('list')) as { vms: unknown[] };
  return vms[0];
}

describe('a VM that the original tool has registered and started', () => {
  it('is listed as it is', async () => {
    expect(await listed()).toMatchObject({
      name: 'web',
      state: 'running',
      backend: 'qemu',
      pid: foreign.pid,
      vcpus: 1,
      memoryMb: 64,
    });
  });

  it('is running already', async () => {
    const { code, stdout } = await home.vmctl('start', 'web');
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain('web is running already');
  });

  it('is suspended and resumed', async () => {
    expect(await home.vmctl('suspend', 'web')).toMatchObject({ code: 0 });
    expect(await listed()).toMatchObject({ state: 'suspended', pid: foreign.pid });
    expect(await home.vmctl('resume', 'web')).toMatchObject({ code: 0 });
    expect(await listed()).toMatchObject({ state: 'running' });
  });

  it(
    'is asked to power off, and does',
    async () => {
      const ended = once(foreign, 'exit');
      const { code, stdout } = await home.vmctl('stop', 'web', '--timeout', '60');
      expect({ code, stdout }).toMatchObject({ code: 0 });
      expect(stdout).not.toContain('by force');
      expect(await ended).toEqual([0, null]);
      expect(await listed()).toMatchObject({ state: 'stopped', pid: null });
    },
    LIMIT,
  );

  it(
    'starts again on its own disk, and keeps its fields',
    async () => {
      expect(await home.vmctl('start', 'web')).toMatchObject({ code: 0 });
      await saidHello(2);
      expect(await listed()).toMatchObject({ state: 'running', pid: expect.any(Number) });
      expect((await home.registry())['web']).toMatchObject({
        id: 'qemu-3b0c8f0e-9a51-4c4e-8d0a-6a1f4f3c2b11',
        overlay_path: join(home.workDir('web'), 'overlay.qcow2'),
        mac_addr: '52:54:00:ab:cd:ef',
      });
    },
    LIMIT,
  );

  it(
    'is destroyed with all it has',
    async () => {
      const { pid } = (await listed()) as { pid: number };
      const processes = createProcessTable();
      const identity = await processes.identify(pid);
      if (identity === undefined) throw new Error('its QEMU does not run');
      expect(await home.vmctl('destroy', 'web', '--yes')).toMatchObject({ code: 0 });
      expect(await readdir(join(home.dataDir, 'vms'))).toEqual([]);
      expect(await home.registry()).toEqual({});
      expect(await processes.isAlive(identity)).toBe(false);
    },
    LIMIT,
  );
});
