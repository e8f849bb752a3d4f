import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, jest } from '@jest/globals';
import type { PluginHost, VmHandle, VmSpec } from '@vmctl/core/plugin';
import { type LastWill, makeLastWill } from '../../../core/test/support/last-will.js';
import { openMonitor } from '../../src/monitor.js';
import { QemuBackend, type QemuBackendOptions } from '../../src/qemu-backend.js';
import type { QmpClient } from '../../src/qmp-client.js';
import { findProcess } from '../../src/vm-process.js';
import { type guestDisk, HELLO, writeGuestImage } from './guest-disk.js';
import { createContext, createPluginHost } from './plugin-host.js';
import { useTemporaryDirectory } from './temporary-directory.js';
import { until } from './until.js';

/** The environment without what a developer may have set for QEMU. */
export const PLAIN_ENV: Readonly<Record<string, string | undefined>> = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('VMCTL_')),
);

/** Ends what was started with a path below a directory, as its pidfiles say, and removes it. Tests put other ids there, -1 too. */
const END_ALL = `find "$1" -name pidfile -exec cat {} + | while read -r pid; do
  case $pid in ''|*[!0-9]*) continue ;; esac
  grep -qaF "$1/" "/proc/$pid/cmdline" && kill -KILL "$pid"
done
rm -rf "$1"`;

/** VMs in a directory of their own, whose processes end with the test whatever happens in it, and when it is killed. */
export function useVmLab() {
  // Emulated guests on a busy machine: generous, for it only matters when something hangs.
  jest.setTimeout(120_000);
  const directory = useTemporaryDirectory();
  const handles: VmHandle[] = [];
  let lastWill: LastWill | undefined;
  const lab = {
    get root(): string {
      return directory.path;
    },
    host(env: Readonly<Record<string, string>> = {}, overrides: Partial<PluginHost> = {}): PluginHost {
      return createPluginHost(directory.path, { ...overrides, env: { ...PLAIN_ENV, ...env } });
    },
    backend(env: Readonly<Record<string, string>> = {}, options: QemuBackendOptions = {}): QemuBackend {
      return new QemuBackend(lab.host(env), options);
    },
    async spec(
      name = 'web',
      guest: Parameters<typeof guestDisk>[0] = 'attentive',
      changes: Partial<VmSpec> = {},
    ): Promise<VmSpec> {
      const workDir = changes.workDir ?? join(directory.path, 'vms', name);
      await mkdir(workDir, { recursive: true, mode: 0o700 });
      const seedIsoPath = join(workDir, 'seed.iso');
      await writeFile(seedIsoPath, Buffer.alloc(64 * 1024));
      const spec: VmSpec = {
        id: `qemu-${randomUUID()}`,
        name,
        backend: 'qemu',
        workDir,
        image: await writeGuestImage(join(directory.path, `${guest}.img`), guest),
        vcpus: 1,
        memoryMb: 64,
        firmware: 'bios',
        network: { type: 'user' },
        forwards: [],
        macAddress: `52:54:00:${randomBytes(3)
          .toString('hex')
          .replaceAll(/(..)(?=.)/g, '$1:')}`,
        sshHostPort: await lab.host().ports.free(),
        seedIsoPath,
        ...changes,
      };
      return spec;
    },
    async prepared(
      name = 'web',
      guest: Parameters<typeof guestDisk>[0] = 'attentive',
      changes: Partial<VmSpec> = {},
    ): Promise<VmHandle> {
      const handle = await lab.backend().prepare(await lab.spec(name, guest, changes), createContext());
      handles.push(handle);
      return handle;
    },
    /** Prepared, started, and its guest has said hello. */
    async running(
      name = 'web',
      guest: Parameters<typeof guestDisk>[0] = 'attentive',
      changes: Partial<VmSpec> = {},
    ): Promise<VmHandle> {
      const prepared = await lab.prepared(name, guest, changes);
      const handle = await lab.backend().start(prepared, createContext());
      await saidHello(handle);
      return handle;
    },
    async monitor(vm: VmHandle): Promise<QmpClient> {
      const identity = await lab.process(vm);
      if (identity === undefined) throw new Error(`${vm.name} does not run`);
      return openMonitor(lab.host(), vm, identity);
    },
    /** The QEMU of that VM, looked for in all processes. */
    process(vm: VmHandle) {
      return findProcess(lab.host(), { ...vm, pid: null, pid_start_time: null }, { search: true });
    },
  };
  beforeEach(() => {
    lastWill = makeLastWill(END_ALL, [directory.path], { PATH: process.env['PATH'] ?? '' });
  });
  afterEach(async () => {
    const backend = lab.backend();
    for (const handle of handles.splice(0)) await backend.destroy(handle, createContext());
    await lastWill?.revoke();
  });
  return lab;
}

export async function consoleLog(vm: VmHandle): Promise<string> {
  return readFile(join(vm.work_dir, 'console.log'), 'utf8').catch(() => '');
}

/** Waits until the guest has said hello that many times in all. */
export function saidHello(vm: VmHandle, times = 1): Promise<void> {
  return until('the hello of the guest', async () => (await consoleLog(vm)).split(HELLO).length > times);
}

/** Sends a text to the guest's serial port; resolves when its QEMU ends. */
export async function lastInput(vm: VmHandle, text: string): Promise<void> {
  const socket = connect(join(vm.work_dir, 'console.sock'));
  // Kept open until then: QEMU may drop what it has not read when the other side hangs up.
  socket.write(text);
  await once(socket.resume(), 'close');
}

export async function filesIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).toSorted();
}
