import { access, rm } from 'node:fs/promises';
import type { HypervisorContext, PluginHost, ProcessIdentity, VmHandle } from '@vmctl/core/plugin';
import { FIRMWARE, qemuArguments } from './arguments.js';
import { findProcess } from './vm-process.js';
import { filesOf } from './work-files.js';

/** QEMU goes into the background within a second; on a machine that swaps it may take longer. */
const START_MS = 60_000;
/** SIGKILL ends a process as soon as the kernel gets to it. */
const KILL_MS = 10_000;

/**
 * Starts QEMU. It goes into the background by itself once its sockets are there, so there is nothing to wait for but
 * the end of the command; what it complains about is in the error of `exec`.
 */
export async function startProcess(
  host: PluginHost,
  vm: VmHandle,
  { signal }: HypervisorContext,
): Promise<ProcessIdentity> {
  await access(FIRMWARE).catch((cause: unknown) => {
    throw host.error('MICROVM_FIRMWARE_MISSING', {
      message: `${vm.name} cannot start: there is no ${FIRMWARE}.`,
      hint: 'Install it: sudo apt-get install seabios',
      cause,
    });
  });
  const files = filesOf(vm);
  const sockets = {
    qmp: await host.sockets.shortPath(files.qmpSocket),
    console: await host.sockets.shortPath(files.consoleSocket),
  };
  // Only the user knows: /dev/kvm can be there, open, and still not run a guest.
  const accelerator = host.env['MICROVM_ACCELERATOR'] === 'kvm' ? 'kvm' : 'tcg';
  try {
    await host.exec('qemu-system-x86_64', qemuArguments(vm, sockets, accelerator), {
      // `-daemonize` goes to /; relative paths of the user's environment start here until then.
      cwd: vm.work_dir,
      signal,
      timeoutMs: START_MS,
    });
    signal.throwIfAborted();
    const started = await findProcess(host, vm);
    if (started !== undefined) return started;
    throw host.error('MICROVM_ENDED', {
      message: `${vm.name} ended as soon as it had started.`,
      hint: `See what it said: vmctl log ${vm.name} --console`,
    });
  } catch (error) {
    // It may have gone into the background already when the abort came.
    await endProcess(host, vm);
    throw error;
  }
}

/** Ends the VM's QEMU at once, if it runs, and removes what such an end leaves. */
export async function endProcess(host: PluginHost, vm: VmHandle): Promise<void> {
  const running = await findProcess(host, vm);
  if (running !== undefined) {
    await host.processes.signal(running, 'SIGKILL');
    if (!(await host.processes.waitForExit(running, { timeoutMs: KILL_MS }))) {
      throw host.error('MICROVM_NOT_ENDED', {
        message: `The process ${running.pid} of ${vm.name} does not end.`,
        hint: `See what it waits for: cat /proc/${running.pid}/stack`,
      });
    }
  }
  const { pidFile, qmpSocket, consoleSocket } = filesOf(vm);
  await Promise.all([pidFile, qmpSocket, consoleSocket].map((path) => rm(path, { force: true })));
}
