import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { VmHandle } from '@vmctl/core/plugin';
import { readRecord } from '../../src/vm-record.js';
import { contextOf, processesOf, useIllumosLab } from '../support/illumos-lab.js';
import { until } from '../support/until.js';

const lab = useIllumosLab();

/** A backend whose servers go wrong as said. */
function faulty(...faults: readonly Readonly<Record<string, unknown>>[]) {
  return lab.backend({}, { env: { FAKE_PROPOLIS_FAULTS: JSON.stringify(faults) } });
}

async function stateOf(vm: VmHandle): Promise<string> {
  return (await lab.backend().state(vm, contextOf())).name;
}

function vnics(): string[] {
  return Object.keys(lab.fake.state.vnics);
}

function isDiskThere(): boolean {
  return 'rpool/vmctl/vms/web' in lab.fake.state.datasets;
}

it('starts a server in a directory and on a port of its own, and lets the guest run', async () => {
  const vm = await lab.running();
  expect(await stateOf(vm)).toBe('running');
  const run = (await readRecord(vm.work_dir))?.run;
  expect(run).toMatchObject({ pid: vm.pid, startTime: vm.pid_start_time, port: vm['propolis_port'] });
  expect((await readdir(run?.directory ?? '')).toSorted()).toEqual([
    'OVMF_CODE.fd',
    'debug.out',
    'server.log',
  ]);
  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
  expect(await modeOf(run?.directory ?? '')).toBe(0o700);
  expect(await modeOf(join(run?.directory ?? '', 'server.log'))).toBe(0o600);
  expect(await processesOf(vm.work_dir)).toContainEqual(
    expect.stringContaining(`propolis-server run OVMF_CODE.fd 127.0.0.1:${String(run?.port)}`),
  );
});

describe('4: readiness', () => {
  it('takes a server that has no VM yet (424) as up', async () => {
    // The server answers its first question with 424, as one does before `ensure`; nothing else lets `start` go on.
    const vm = await lab.running();
    const log = await readFile(
      join((await readRecord(vm.work_dir))?.run?.directory ?? '', 'server.log'),
      'utf8',
    );
    expect(log.indexOf('"424"')).toBeGreaterThan(-1);
    expect(log.indexOf('"424"')).toBeLessThan(log.indexOf('"201"'));
  });

  it('is “unreachable” at the deadline, with the end of the server’s log, and the server is ended', async () => {
    const vm = await lab.prepared();
    const silent = join(lab.root, 'silent-server');
    await writeFile(silent, '#!/bin/sh\necho "waiting for a lock of the moon"\nexec sleep 600\n', {
      mode: 0o755,
    });
    // Long enough for it to say its words on a busy machine.
    const backend = lab.backend({ patience: { upMs: 1_500 } }, { env: { VMCTL_PROPOLIS_SERVER: silent } });
    await expect(backend.start(vm, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_UNREACHABLE',
      message: expect.stringContaining('waiting for a lock of the moon'),
    });
    expect(await processesOf(vm.work_dir)).toEqual([]);
    expect(await stateOf(vm)).toBe('prepared');
  });

  it('fails at once, with the end of the log, when the server ends before it answers', async () => {
    const vm = await lab.prepared();
    const broken = join(lab.root, 'broken-server');
    await writeFile(broken, '#!/bin/sh\necho "no vmm here" >&2\nexit 3\n', { mode: 0o755 });
    const backend = lab.backend({}, { env: { VMCTL_PROPOLIS_SERVER: broken } });
    await expect(backend.start(vm, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_START_FAILED',
      message: expect.stringMatching(/ended with exit code 3[^]*no vmm here/),
    });
  });
});

it('says that pfexec is missing where it is', async () => {
  const vm = await lab.prepared();
  const backend = lab.backend({}, { env: { PATH: '/nowhere', VMCTL_PROPOLIS_SERVER: '/bin/true' } });
  await expect(backend.start(vm, contextOf())).rejects.toMatchObject({
    code: 'VMCTL_HOST_COMMAND_MISSING',
    message: expect.stringContaining('pfexec'),
  });
});

describe('6: a server that has a VM already (409)', () => {
  it('is adopted when that VM has the same id: the answer to `ensure` was lost', async () => {
    const vm = await lab.prepared();
    const taken = { step: 'ensure', kind: 'error', status: 409, errorCode: 'AlreadyInitialized' };
    const { id } = vm;
    const instance = {
      instance: {
        properties: { id: id.slice('propolis-'.length), name: 'web', description: '', metadata: {} },
        state: 'Creating',
      },
    };
    // The first question is whether it is up, the second whose VM it has.
    const own = { step: 'get', nth: 2, kind: 'text', status: 200, body: JSON.stringify(instance) };
    const lost = { step: 'run', kind: 'error', status: 500, message: 'came as far as Run' };
    await expect(faulty(taken, own, lost).start(vm, contextOf())).rejects.toMatchObject({
      message: expect.stringContaining('came as far as Run'),
    });
  });

  it('is refused when that VM is another one, and left alone', async () => {
    const vm = await lab.prepared();
    const taken = { step: 'ensure', kind: 'error', status: 409, errorCode: 'AlreadyInitialized' };
    await expect(faulty(taken).start(vm, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_CONFLICT',
    });
    expect(await stateOf(vm)).toBe('prepared');
  });
});

describe('7: a start that fails', () => {
  it('when the server dies during `ensure`: VNIC and clone are rolled back, and the next start makes them anew', async () => {
    const vm = await lab.prepared();
    const macAddress = vm.mac_addr;
    expect(vnics()).toHaveLength(1);
    await expect(faulty({ step: 'ensure', kind: 'die' }).start(vm, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_UNREACHABLE',
    });
    expect(vnics()).toEqual([]);
    expect(isDiskThere()).toBe(false);
    expect(await lab.inventory()).toEqual([]);
    expect((await readdir(vm.work_dir)).filter((name) => name.startsWith('run-'))).toEqual([]);
    const again = await lab.backend().start(vm, contextOf());
    expect(await stateOf(again)).toBe('running');
    // The guest knows its network card by it.
    expect(again.mac_addr).toBe(macAddress);
  });

  it('keeps the disk of a guest that has run before', async () => {
    const vm = await lab.running();
    const stopped = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
    await writeFile(lab.fake.device('rpool/vmctl/vms/web'), 'what the guest has written');
    await expect(faulty({ step: 'run' }).start(stopped, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_SERVER_FAILED',
    });
    expect(await readFile(lab.fake.device('rpool/vmctl/vms/web'), 'utf8')).toBe('what the guest has written');
    expect(await stateOf(stopped)).toBe('stopped');
  });

  it('when the VM fails instead of running', async () => {
    const vm = await lab.prepared();
    await expect(faulty({ step: 'run', kind: 'fail' }).start(vm, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_START_FAILED',
    });
    expect(await lab.inventory()).toEqual([]);
    expect(await stateOf(vm)).toBe('prepared');
    expect(await readdir(vm.work_dir)).not.toContain('console-recorder.json');
  });

  it('when the image is gone that the disk of a guest which has never run would be made of again', async () => {
    const vm = await lab.prepared();
    await expect(faulty({ step: 'run' }).start(vm, contextOf())).rejects.toThrow();
    lab.fake.change(({ datasets }) => {
      for (const name of Object.keys(datasets)) if (name.endsWith('@base')) delete datasets[name];
    });
    await expect(lab.backend().start(vm, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_DISK_MISSING',
      message: expect.stringMatching(/the image [^]* is gone: rpool\/vmctl\/images\/[\da-f]{64}@base/),
      hint: expect.stringContaining('vmctl destroy web'),
    });
  });

  it('when its disk or its seed is gone', async () => {
    const vm = await lab.running();
    const stopped = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
    await rm(stopped.seed_iso_path ?? '');
    await expect(lab.backend().start(stopped, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_DISK_MISSING',
      message: expect.stringContaining('seed.iso'),
    });
    await writeFile(stopped.seed_iso_path ?? '', 'seed');
    lab.fake.change(({ datasets }) => {
      const disk = datasets['rpool/vmctl/vms/web'];
      if (disk !== undefined) datasets['rpool/vmctl/vms/web'] = { ...disk, properties: {} };
    });
    await expect(lab.backend().start(stopped, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_DISK_MISSING',
      message: expect.stringContaining('is not the one that vmctl made for it'),
    });
    lab.fake.run('zfs', ['destroy', 'rpool/vmctl/vms/web']);
    await expect(lab.backend().start(stopped, contextOf())).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_DISK_MISSING',
      message: expect.stringContaining('rpool/vmctl/vms/web'),
    });
  });
});

describe('8: Destroyed', () => {
  it('means stopped; the next start uses a new process', async () => {
    const vm = await lab.running();
    await lab.tell(vm, 'power-off');
    // The server outlives its VM.
    expect(await stateOf(vm)).toBe('stopped');
    expect(await processesOf(join(vm.work_dir, 'run-1'))).toEqual([]);
    const again = await lab.backend().start(vm, contextOf());
    expect(again.pid).not.toBe(vm.pid);
    expect(await stateOf(again)).toBe('running');
    expect(await lab.host().processes.isAlive(identityOf(vm))).toBe(false);
  });

  it('is how a power-off from inside the guest ends: as stopped, also for `stop`', async () => {
    const vm = await lab.running();
    await lab.tell(vm, 'power-off');
    const context = contextOf();
    const stopped = await lab.backend().stop(vm, { timeoutMs: 60_000 }, context);
    expect(stopped).toMatchObject({ pid: null, booted: true });
    expect(context.seen).toEqual([]);
    expect(await lab.host().processes.isAlive(identityOf(vm))).toBe(false);
  });

  it('is not what a VM is that has failed', async () => {
    const vm = await lab.running();
    await lab.tell(vm, 'fail-vm');
    expect(await stateOf(vm)).toBe('failed');
  });
});

it('14: a VNIC that is gone since the host was restarted is made anew, with the MAC address that the guest knows', async () => {
  const vm = await lab.running();
  const stopped = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
  lab.fake.change(({ vnics: all }) => {
    for (const link of Object.keys(all)) delete all[link];
  });
  const started = await lab.backend().start(stopped, contextOf());
  expect(Object.values(lab.fake.state.vnics)).toEqual([
    { over: 'net0', mac: vm.mac_addr, isTemporary: true },
  ]);
  expect(started.mac_addr).toBe(vm.mac_addr);
});

it('fills console.log while the VM runs', async () => {
  const vm = await lab.running();
  expect(vm.console_log_start).toBe(0);
  await lab.tell(vm, 'say', 'hello from the guest\n');
  const log = join(vm.work_dir, 'console.log');
  await until('the words of the guest', async () =>
    (await readFile(log, 'utf8')).includes('hello from the guest'),
  );
});

function identityOf({ pid, pid_start_time: startTime }: VmHandle) {
  if (pid === null || typeof startTime !== 'string') throw new Error('it has no process');
  return { pid, startTime };
}
