import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { describeWith } from '../support/requirements.js';
import type { VmHandle } from '@vmctl/core/plugin';
import { createProcessTable } from '../../../core/src/host/process-table.js';
import { createContext } from '../support/plugin-host.js';
import { until } from '../support/until.js';
import { filesIn, saidHello, useVmLab } from '../support/vm-lab.js';

describeWith(['qemu'], 'the process of a VM', () => {
  const lab = useVmLab();
  const processes = createProcessTable();
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  /** A process that has nothing to do with the VM. */
  async function bystander(args: readonly string[] = []): Promise<ChildProcess & { readonly pid: number }> {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', ...args], {
      stdio: 'ignore',
    });
    children.push(child);
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error('the bystander did not start');
    return Object.assign(child, { pid: child.pid });
  }

  async function kill(vm: VmHandle): Promise<void> {
    const identity = await lab.process(vm);
    if (identity === undefined) throw new Error('it does not run');
    process.kill(identity.pid, 'SIGKILL');
    await processes.waitForExit(identity, { timeoutMs: 10_000 });
  }

  it('is stopped when QEMU was killed, and starts again over what that left', async () => {
    const vm = await lab.running();
    await kill(vm);
    expect(await filesIn(vm.work_dir)).toContain('pidfile');
    expect(await lab.backend().state(vm, createContext())).toMatchObject({ name: 'stopped' });
    const again = await lab.backend().start(vm, createContext());
    await saidHello(again, 2);
  });

  it('says how QEMU ended, to the one who has started it', async () => {
    const backend = lab.backend();
    const vm = await backend.start(await lab.prepared(), createContext());
    await kill(vm);
    await until(
      'the end to be noticed',
      async () => (await backend.state(vm, createContext())).detail !== undefined,
    );
    expect(await backend.state(vm, createContext())).toMatchObject({
      name: 'stopped',
      detail: 'QEMU was ended by SIGKILL',
    });
  });

  it('is found through its pidfile when vmctl was killed before it could write it down', async () => {
    const prepared = await lab.prepared();
    const started = await lab.backend().start(prepared, createContext());
    expect(await lab.backend().state(prepared, createContext())).toEqual({
      name: 'running',
      pid: started.pid,
    });
    const adopted = await lab.backend().start(prepared, createContext());
    expect(adopted).toMatchObject({ pid: started.pid, pid_start_time: started.pid_start_time, booted: true });
    await lab.backend().stop(prepared, { timeoutMs: 0 }, createContext());
    expect(await lab.process(prepared)).toBeUndefined();
  });

  it('is found by a search where even the pidfile is missing', async () => {
    const prepared = await lab.prepared();
    const started = await lab.backend().start(prepared, createContext());
    await rm(join(prepared.work_dir, 'pidfile'));
    expect((await lab.backend().state(prepared, createContext())).pid).toBe(started.pid);
    await rm(join(prepared.work_dir, 'qmp.sock'));
    await lab.backend().destroy(prepared, createContext());
    expect(await lab.process(started)).toBeUndefined();
  });

  it('counts as booted once QEMU has run, whatever the registry says', async () => {
    const prepared = await lab.prepared();
    await lab.backend().start(prepared, createContext());
    await kill(prepared);
    expect((await lab.backend().state(prepared, createContext())).name).toBe('stopped');
  });

  it('is found in the registry of the original tool, which has no start time and another pidfile', async () => {
    const vm = await lab.running();
    await rename(join(vm.work_dir, 'pidfile'), join(vm.work_dir, 'qemu.pid'));
    const { pid_start_time: _, accelerator: _a, qemu_version: _v, booted: _b, forwards: _f, ...foreign } = vm;
    const ctx = createContext();
    const backend = lab.backend();
    expect(await backend.state(foreign, ctx)).toEqual({ name: 'running', pid: vm.pid });
    await backend.suspend(foreign, ctx);
    await backend.resume(foreign, ctx);
    const stopped = await backend.stop({ ...foreign, pid: null }, { timeoutMs: 60_000 }, ctx);
    expect((await backend.state(stopped, ctx)).name).toBe('stopped');
    expect(await filesIn(vm.work_dir)).toEqual(['console.log', 'overlay.qcow2', 'seed.iso']);
    const again = await backend.start(stopped, ctx);
    await saidHello(again, 2);
    await backend.destroy(again, ctx);
  });

  describe('is never mistaken for', () => {
    async function survives(vm: VmHandle, other: ChildProcess): Promise<void> {
      const ctx = createContext();
      const backend = lab.backend();
      expect((await backend.state(vm, ctx)).name).toBe('stopped');
      await backend.stop(vm, { timeoutMs: 0 }, ctx);
      await backend.destroy(vm, ctx);
      expect(other.exitCode).toBeNull();
      expect(other.signalCode).toBeNull();
    }

    it('another process that has its id now', async () => {
      const vm = await lab.running();
      await kill(vm);
      const other = await bystander();
      await survives({ ...vm, pid: other.pid }, other);
    });

    it('the process that a handle without a start time names', async () => {
      const vm = await lab.running();
      await kill(vm);
      const other = await bystander();
      const { pid_start_time: _, ...foreign } = vm;
      await survives({ ...foreign, pid: other.pid }, other);
    });

    it('the process that a stale pidfile names', async () => {
      const vm = await lab.running();
      await kill(vm);
      const other = await bystander();
      await writeFile(join(vm.work_dir, 'pidfile'), `${other.pid}\n`);
      await survives({ ...vm, pid: null }, other);
    });

    it('a program that reads its console log', async () => {
      const vm = await lab.running();
      await kill(vm);
      const other = await bystander([join(vm.work_dir, 'console.log')]);
      await survives({ ...vm, pid: other.pid, pid_start_time: null }, other);
    });

    it('the QEMU of another VM', async () => {
      const vm = await lab.running('web');
      const neighbour = await lab.running('web2');
      await kill(vm);
      await lab.backend().destroy({ ...vm, pid: neighbour.pid, pid_start_time: null }, createContext());
      expect((await lab.backend().state(neighbour, createContext())).name).toBe('running');
    });
  });

  it.each(['', 'rubbish', '-1', '0', '1', '99999999999999'])(
    'makes nothing of a pidfile with %j',
    async (text) => {
      const vm = { ...(await lab.prepared()), booted: true };
      await writeFile(join(vm.work_dir, 'pidfile'), text);
      expect((await lab.backend().state(vm, createContext())).name).toBe('stopped');
      await lab.backend().stop(vm, { timeoutMs: 0 }, createContext());
    },
  );

  it('is reported as running while QEMU hangs, and can be stopped even then', async () => {
    const vm = await lab.running('web', 'attentive');
    process.kill(Number(vm.pid), 'SIGSTOP');
    expect(await lab.backend().state(vm, createContext())).toMatchObject({
      name: 'running',
      detail: expect.stringContaining('does not answer'),
    });
    await lab.backend().destroy(vm, createContext());
    expect(await lab.process(vm)).toBeUndefined();
  });

  it('removes files of its own work directory only, whatever the handle names', async () => {
    const elsewhere = join(lab.root, 'elsewhere');
    await mkdir(elsewhere);
    const mine = join(elsewhere, 'precious.qcow2');
    await writeFile(mine, 'mine');
    const vm = await lab.prepared();
    await lab
      .backend()
      .destroy({ ...vm, overlay_path: mine, qmp_socket: mine, console_socket: mine }, createContext());
    expect(await readFile(mine, 'utf8')).toBe('mine');
  });
});
