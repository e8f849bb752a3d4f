import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { VmHandle } from '@vmctl/core/plugin';
import { findRecorder } from '../../src/serial/recorder.js';
import { readRecord, recordPath, writeRecord, type RunRecord } from '../../src/vm-record.js';
import { findServerProcess } from '../../src/server-process.js';
import { contextOf, processesOf, useIllumosLab } from '../support/illumos-lab.js';
import { until } from '../support/until.js';

const lab = useIllumosLab();

/** A process of somebody else. */
async function stranger() {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(child, 'spawn');
  return {
    pid: child.pid ?? -1,
    lives: () => child.exitCode === null && child.signalCode === null,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

describe('14: left-overs', () => {
  it('a dead process: the VM is stopped, its run is cleared away, and it starts again', async () => {
    const vm = await lab.running();
    const { processes } = lab.host();
    const identity = { pid: vm.pid ?? -1, startTime: vm.pid_start_time ?? '' };
    await processes.signal(identity, 'SIGKILL');
    await processes.waitForExit(identity, { timeoutMs: 10_000 });
    expect(await lab.backend().state(vm, contextOf())).toMatchObject({
      name: 'stopped',
      detail: expect.stringContaining('out of the ordinary'),
    });
    const again = await lab.backend().start(vm, contextOf());
    expect(again.pid).not.toBe(vm.pid);
    const runs = (await readdir(vm.work_dir)).filter((name) => name.startsWith('run-'));
    expect(runs).toEqual([expect.stringMatching(/^run-[12]$/)]);
  });

  it('a VM that the kernel still has is said when the VM is destroyed', async () => {
    const vm = await lab.prepared();
    const vmmDirectory = join(lab.root, 'vmm');
    const uuid = vm.id.slice('propolis-'.length);
    await mkdir(vmmDirectory);
    await writeFile(join(vmmDirectory, uuid), '');
    const context = contextOf();
    await lab.backend({ vmmDirectory }).destroy(vm, context);
    expect(context.seen).toMatchObject([
      {
        code: 'VMCTL_PROPOLIS_KERNEL_VM_LEFT',
        hint: expect.stringContaining(`bhyvectl --destroy --vm=${uuid}`),
      },
    ]);
  });

  it('a reused process id: whoever has it now is left alone', async () => {
    await using other = await stranger();
    const vm = await lab.running();
    const record = await readRecord(vm.work_dir);
    if (record === undefined || record.run === null) throw new Error('it runs');
    const stopped = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
    // The server's id has gone to another process; its start time has not.
    const run: RunRecord = { ...record.run, pid: other.pid };
    await writeRecord(lab.host(), vm.work_dir, { ...record, run });
    expect((await lab.backend().state(stopped, contextOf())).name).toBe('stopped');
    await lab.backend().stop({ ...stopped, pid: other.pid }, { timeoutMs: 0 }, contextOf());
    await lab.backend().destroy(stopped, contextOf());
    expect(other.lives()).toBe(true);
  });

  it('a server whose process id was never written down is found by its port and directory', async () => {
    const vm = await lab.running();
    const record = await readRecord(vm.work_dir);
    if (record === undefined || record.run === null) throw new Error('it runs');
    await writeRecord(lab.host(), vm.work_dir, {
      ...record,
      run: { ...record.run, pid: null, startTime: null },
    });
    expect(await lab.backend().state({ ...vm, pid: null }, contextOf())).toMatchObject({
      name: 'running',
      pid: vm.pid,
    });
    await lab.backend().destroy({ ...vm, pid: null }, contextOf());
    expect(await processesOf(vm.work_dir)).toEqual([]);
  });

  it('a server on the same port in another directory is not taken for it', async () => {
    const vm = await lab.running();
    const run = (await readRecord(vm.work_dir))?.run;
    if (run === undefined || run === null) throw new Error('it runs');
    const elsewhere = { ...run, pid: null, startTime: null, directory: '/elsewhere/run-1' };
    expect(await findServerProcess(lab.host(), elsewhere)).toBeUndefined();
  });

  it('a VNIC under the VM’s own name, of a killed vmctl: the next VM in that work directory takes it over', async () => {
    const first = await lab.prepared();
    const link = String(first['vnic']);
    lab.fake.run('zfs', ['destroy', 'rpool/vmctl/vms/web']);
    const second = await lab.prepared();
    expect(second['vnic']).toBe(link);
    await lab.backend().destroy(second, contextOf());
    expect(await lab.inventory()).toEqual([]);
  });

  it('a VNIC of the user’s is used under its name, and never deleted', async () => {
    lab.fake.run('dladm', ['create-vnic', '-l', 'net0', 'web0']);
    const before = lab.fake.state.vnics;
    const vm = await lab.running('web', { network: { type: 'vnic', name: 'web0' } });
    expect(vm.mac_addr).toBe(before['web0']?.mac);
    await lab.backend().destroy(vm, contextOf());
    expect(lab.fake.state.vnics).toEqual(before);
  });

  it('a VNIC that vmctl makes under a name of the VMFile goes with the VM', async () => {
    const vm = await lab.prepared('web', { network: { type: 'vnic', name: 'web0' } });
    expect(Object.keys(lab.fake.state.vnics)).toEqual(['web0']);
    await lab.backend().destroy(vm, contextOf());
    expect(lab.fake.state.vnics).toEqual({});
  });

  it('a disk and a VNIC whose record is gone are found by what was written on them', async () => {
    const vm = await lab.prepared();
    await rm(`${vm.work_dir}/propolis.json`);
    expect((await lab.backend().state(vm, contextOf())).name).toBe('prepared');
    await lab.backend().destroy(vm, contextOf());
    expect(await lab.inventory()).toEqual([]);
  });

  it.each(['is gone', 'is damaged'])(
    'a server whose record %s is found by the handle: none is started beside it, and it ends with the VM',
    async (how) => {
      const vm = await lab.running();
      const record = recordPath(vm.work_dir);
      await (how === 'is gone' ? rm(record) : writeFile(record, '{'));
      expect(await lab.backend().state(vm, contextOf())).toMatchObject({ name: 'running', pid: vm.pid });
      expect(await lab.backend().start(vm, contextOf())).toMatchObject({ pid: vm.pid });
      const stopped = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
      expect(await processesOf(vm.work_dir)).toEqual([]);
      expect((await lab.backend().start(stopped, contextOf())).pid).not.toBe(vm.pid);
    },
  );

  it('a VM without its recorder, which was killed, gets one with the next start and stays as it is', async () => {
    const vm = await lab.running();
    const { processes } = lab.host();
    const killed = await findRecorder({ processes }, vm.work_dir);
    if (killed === undefined) throw new Error('it has a recorder');
    await processes.signal(killed, 'SIGKILL');
    await processes.waitForExit(killed, { timeoutMs: 10_000 });
    expect((await lab.backend().start(vm, contextOf())).pid).toBe(vm.pid);
    expect(await findRecorder({ processes }, vm.work_dir)).toBeDefined();
  });

  it('a VM that runs, of whose last start vms.json knows nothing: its handle is that of this boot', async () => {
    const first = await lab.running();
    await lab.tell(first, 'say', 'of the first boot\n');
    const log = join(first.work_dir, 'console.log');
    await until('the words of the guest', async () => (await readFile(log, 'utf8')).endsWith('boot\n'));
    const stopped = await lab.backend().stop(first, { timeoutMs: 0 }, contextOf());
    const stale: VmHandle = { ...stopped, mac_addr: null };
    const second = await lab.backend().start(stale, contextOf());
    expect(second.console_log_start).toBe('of the first boot\n'.length);
    // As after a kill of the vmctl that has started it: nobody has written its handle down.
    expect(await lab.backend().start(stale, contextOf())).toEqual(second);
  });

  it('a directory elsewhere, which a damaged record calls that of a boot, is not removed', async () => {
    const vm = await lab.prepared();
    const record = await readRecord(vm.work_dir);
    if (record === undefined) throw new Error('it was prepared');
    const directory = join(lab.root, 'elsewhere');
    await mkdir(directory);
    const run: RunRecord = { port: 1, directory, pid: null, startTime: null, ensured: true };
    await writeRecord(lab.host(), vm.work_dir, { ...record, run });
    await lab.backend().destroy(vm, contextOf());
    expect(await readdir(directory)).toEqual([]);
  });

  it('a dataset that has taken the place of the VM’s disk is not destroyed', async () => {
    const vm = await lab.prepared();
    lab.fake.change(({ datasets }) => {
      const disk = datasets['rpool/vmctl/vms/web'];
      if (disk !== undefined) datasets['rpool/vmctl/vms/web'] = { ...disk, properties: {} };
    });
    await lab.backend().destroy(vm, contextOf());
    expect(lab.fake.state.datasets['rpool/vmctl/vms/web']).toBeDefined();
  });

  it('a VNIC without a disk: the VM is not destroyed yet, and says what is left', async () => {
    const vm = await lab.running();
    const stopped = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
    lab.fake.run('zfs', ['destroy', 'rpool/vmctl/vms/web']);
    expect(await lab.backend().state(stopped, contextOf())).toMatchObject({
      name: 'failed',
      detail: expect.stringContaining(String(vm['vnic'])),
    });
    await lab.backend().destroy(stopped, contextOf());
    expect((await lab.backend().state(stopped, contextOf())).name).toBe('destroyed');
  });
});
