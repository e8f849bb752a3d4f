import { setTimeout } from 'node:timers/promises';
import type { PluginHost, ProcessIdentity, VmHandle } from '@vmctl/core/plugin';
import { QmpClient, type QmpWaitOptions } from './qmp-client.js';
import { codeOf } from './thrown.js';
import { filesOf } from './work-files.js';

/** How long a QEMU that works takes to greet; one that is busy serving another vmctl takes a little longer. */
const GREETING_TIMEOUT_MS = 3_000;
/** A QEMU that somebody has started just now has no socket yet. */
const POLL_MS = 20;

/**
 * Connects to the control socket of a VM's QEMU, as soon as there is one.
 *
 * @param identity - of that QEMU: once it has ended, there is nothing to wait for
 * @throws VMCTL_QMP_* when that does not work in time
 */
export async function openMonitor(
  host: Pick<PluginHost, 'sockets' | 'processes' | 'error'>,
  vm: VmHandle,
  identity: ProcessIdentity,
  { signal, timeoutMs = GREETING_TIMEOUT_MS }: QmpWaitOptions = {},
): Promise<QmpClient> {
  const path = await host.sockets.shortPath(filesOf(vm).qmpSocket);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const remaining = deadline - performance.now();
    try {
      return await QmpClient.connect(path, { error: host.error, signal, timeoutMs: Math.max(1, remaining) });
    } catch (error) {
      if (codeOf(error) !== 'VMCTL_QMP_UNREACHABLE' || remaining <= POLL_MS) throw error;
      if (!(await host.processes.isAlive(identity))) throw error;
    }
    // An abort ends the pause; connecting then gives its reason.
    await setTimeout(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}
