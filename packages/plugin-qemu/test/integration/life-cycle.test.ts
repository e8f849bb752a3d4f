import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { describeWith } from '../support/requirements.js';
import { createContext } from '../support/plugin-host.js';
import { until } from '../support/until.js';
import { HELLO } from '../support/guest-disk.js';
import { consoleLog, filesIn, lastInput, saidHello, useVmLab } from '../support/vm-lab.js';

const GIB = 2 ** 30;

describeWith(['qemu'], 'a VM under a real QEMU', () => {
  const lab = useVmLab();

  it('boots its guest, and its work directory has what it should have', async () => {
    const spec = await lab.spec();
    const before = createHash('sha256')
      .update(await readFile(spec.image.path))
      .digest('hex');
    const vm = await lab.running();

    expect(await filesIn(vm.work_dir)).toEqual([
      'console.log',
      'console.sock',
      'overlay.qcow2',
      'pidfile',
      'qmp.sock',
      'seed.iso',
    ]);
    expect((await stat(join(vm.work_dir, 'console.log'))).mode & 0o777).toBe(0o600);
    expect(vm).toMatchObject({
      backend: 'qemu',
      booted: true,
      accelerator: expect.stringMatching(/^(kvm|tcg)$/),
      pid: Number(await readFile(join(vm.work_dir, 'pidfile'), 'utf8')),
      pid_start_time: expect.any(String),
      qmp_socket: join(vm.work_dir, 'qmp.sock'),
      console_socket: join(vm.work_dir, 'console.sock'),
      overlay_path: join(vm.work_dir, 'overlay.qcow2'),
    });
    await lab.backend().stop(vm, { timeoutMs: 0 }, createContext());
    expect(
      createHash('sha256')
        .update(await readFile(spec.image.path))
        .digest('hex'),
    ).toBe(before);
  });

  it('is seen as what it is, from prepare to destroy', async () => {
    const backend = lab.backend();
    const ctx = createContext();
    const prepared = await lab.prepared();
    expect(await backend.state(prepared, ctx)).toEqual({ name: 'prepared' });

    const running = await backend.start(prepared, ctx);
    expect(await backend.state(running, ctx)).toEqual({ name: 'running', pid: running.pid });

    await backend.suspend(running, ctx);
    expect(await backend.state(running, ctx)).toEqual({ name: 'suspended', pid: running.pid });
    await backend.resume(running, ctx);
    expect(await backend.state(running, ctx)).toEqual({ name: 'running', pid: running.pid });

    const stopped = await backend.stop(running, { timeoutMs: 0 }, ctx);
    expect(stopped).toMatchObject({ pid: null, pid_start_time: null, booted: true });
    expect((await backend.state(stopped, ctx)).name).toBe('stopped');

    await backend.destroy(stopped, ctx);
    expect((await backend.state(stopped, ctx)).name).toBe('destroyed');
  });

  it('gets a larger disk while it does not run, and keeps what is on it', async () => {
    const vm = await lab.prepared();
    const { exec } = lab.host();
    const overlay = join(vm.work_dir, 'overlay.qcow2');
    const size = async (): Promise<unknown> => {
      const { stdout } = await exec('qemu-img', ['info', '-U', '--output=json', overlay]);
      const info = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
      return info['virtual-size'];
    };
    const ctx = createContext();
    const grown = await lab.backend().growDisk(vm, 2 * GIB + 100, ctx);
    expect(grown).toEqual({ ...vm, disk_gb: 3 });
    // Whole sectors.
    expect(await size()).toBe(2 * GIB + 512);
    // No smaller again.
    expect(await lab.backend().growDisk(grown, GIB, ctx)).toEqual(grown);
    expect(await size()).toBe(2 * GIB + 512);

    const running = await lab.backend().start(grown, ctx);
    await saidHello(running);
    await expect(lab.backend().growDisk(running, 4 * GIB, ctx)).rejects.toMatchObject({
      code: 'VMCTL_VM_WRONG_STATE',
    });
    expect(await size()).toBe(2 * GIB + 512);
  });

  it('powers its guest off through ACPI, and says nothing about force', async () => {
    const vm = await lab.running('web', 'attentive');
    const ctx = createContext();
    await lab.backend().stop(vm, { timeoutMs: 60_000 }, ctx);
    expect(await lab.process(vm)).toBeUndefined();
    expect(ctx.seen).toEqual([]);
    expect(await filesIn(vm.work_dir)).toEqual(['console.log', 'overlay.qcow2', 'seed.iso']);
  });

  it('ends a guest that ignores the power button, and says so', async () => {
    const vm = await lab.running('web', 'deaf');
    const ctx = createContext();
    await lab.backend().stop(vm, { timeoutMs: 300 }, ctx);
    expect(await lab.process(vm)).toBeUndefined();
    expect(ctx.seen).toEqual([
      expect.objectContaining({ type: 'warning', vm: 'web', code: 'VMCTL_QEMU_FORCED_OFF' }),
    ]);
  });

  it('powers off a suspended guest as well', async () => {
    const vm = await lab.running('web', 'attentive');
    const ctx = createContext();
    await lab.backend().suspend(vm, ctx);
    await lab.backend().stop(vm, { timeoutMs: 60_000 }, ctx);
    expect(await lab.process(vm)).toBeUndefined();
    expect(ctx.seen).toEqual([]);
  });

  it('stands still while it is suspended, and goes on where it was', async () => {
    const vm = await lab.running();
    const ctx = createContext();
    const backend = lab.backend();
    await backend.suspend(vm, ctx);
    await backend.suspend(vm, ctx);
    const then = await consoleLog(vm);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await consoleLog(vm)).toBe(then);

    await backend.resume(vm, ctx);
    await backend.resume(vm, ctx);
    await until('more ticks', async () => (await consoleLog(vm)).length > then.length);
  });

  it('starts a suspended VM by waking it, and leaves a running one alone', async () => {
    const vm = await lab.running();
    const ctx = createContext();
    const backend = lab.backend();
    await backend.suspend(vm, ctx);
    expect((await backend.start(vm, ctx)).pid).toBe(vm.pid);
    expect((await backend.state(vm, ctx)).name).toBe('running');
    expect((await backend.start(vm, ctx)).pid).toBe(vm.pid);
  });

  it('starts again after a stop, with its disk and its log', async () => {
    const vm = await lab.running();
    const ctx = createContext();
    const backend = lab.backend();
    const again = await backend.start(await backend.stop(vm, { timeoutMs: 0 }, ctx), ctx);
    await saidHello(again, 2);
    expect(again.pid).not.toBe(vm.pid);
    expect(again.ssh_host_port).toBe(vm.ssh_host_port);
    expect(vm.console_log_start).toBe(0);
    const thisStart = (await consoleLog(again)).slice(again.console_log_start);
    expect(thisStart.split(HELLO)).toHaveLength(2);
  });

  it('is stopped when its guest has powered off by itself', async () => {
    const vm = await lab.running('web', 'leaving');
    await lastInput(vm, 'x');
    await until('the end of QEMU', async () => (await lab.process(vm)) === undefined);
    expect((await lab.backend().state(vm, createContext())).name).toBe('stopped');
  });

  it('can be stopped and destroyed any number of times, and leaves only what is core’s', async () => {
    const vm = await lab.running();
    const ctx = createContext();
    const backend = lab.backend();
    await backend.stop(vm, { timeoutMs: 0 }, ctx);
    await backend.stop(vm, { timeoutMs: 10_000 }, ctx);
    await backend.destroy(vm, ctx);
    await backend.destroy(vm, ctx);
    expect(await filesIn(vm.work_dir)).toEqual(['seed.iso']);
  });

  it('is ended and removed by destroy while it runs', async () => {
    const vm = await lab.running('web', 'deaf');
    await lab.backend().destroy(vm, createContext());
    expect(await lab.process(vm)).toBeUndefined();
    expect(await filesIn(vm.work_dir)).toEqual(['seed.iso']);
  });

  it('is reached through the port that it was given, and has its console on a socket', async () => {
    const vm = await lab.running();
    expect(await lab.backend().guestAddress(vm, createContext())).toEqual({
      kind: 'tcp',
      host: '127.0.0.1',
      port: vm.ssh_host_port,
      source: 'port forward',
    });
    expect(lab.backend().console(vm)).toEqual({
      kind: 'unix-socket',
      path: join(vm.work_dir, 'console.sock'),
    });
  });

  it('is described with the version and the accelerator', async () => {
    const vm = await lab.running();
    expect(await lab.backend().describe(vm, createContext())).toMatch(
      /^qemu \d+\.\d+ \((kvm|tcg: [a-z ]+)\)$/,
    );
  });

  it('cannot be suspended or resumed while it does not run', async () => {
    const vm = await lab.prepared();
    const refusal = { code: 'VMCTL_VM_NOT_RUNNING' };
    await expect(lab.backend().suspend(vm, createContext())).rejects.toMatchObject(refusal);
    await expect(lab.backend().resume(vm, createContext())).rejects.toMatchObject(refusal);
  });

  it('runs beside others, started at the same time', async () => {
    const ctx = createContext();
    const backend = lab.backend();
    const prepared = [await lab.prepared('one'), await lab.prepared('two'), await lab.prepared('three')];
    const vms = await Promise.all(prepared.map((vm) => backend.start(vm, ctx)));
    await Promise.all(vms.map((vm) => saidHello(vm)));
    expect(new Set(vms.map(({ pid }) => pid)).size).toBe(3);
    expect(ctx.seen.length).toBeLessThanOrEqual(1);
    for (const event of ctx.seen) expect(event).toMatchObject({ type: 'warning', code: 'VMCTL_QEMU_NO_KVM' });
  });

  it('runs in a sandbox, and outlives whoever reads its messages', async () => {
    const vm = await lab.running();
    const status = await readFile(`/proc/${vm.pid}/status`, 'utf8');
    expect(/^Seccomp:\s+(\d)$/m.exec(status)?.[1]).toBe('2');
    const ignored = BigInt(`0x${/^SigIgn:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
    const SIGPIPE = 13n;
    expect((ignored >> (SIGPIPE - 1n)) & 1n).toBe(1n);
  });
});
