import type { HypervisorContext, PluginHost, ProcessIdentity, VmHandle } from '@vmctl/core/plugin';
import { openMonitor } from './monitor.js';
import type { QmpClient } from './qmp-client.js';
import { isAsleep, runState } from './run-state.js';
import { endProcess } from './vm-process.js';

/** A guest that is still booting does not hear the power button; it is pressed again. */
const PRESS_AGAIN_MS = 5_000;

/**
 * Asks the guest to power off and waits for its QEMU to end.
 *
 * @returns whether it has ended; false when the time is over or the guest cannot be asked
 */
export async function powerDown(
  host: PluginHost,
  vm: VmHandle,
  identity: ProcessIdentity,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const { signal } = options;
  const deadline = performance.now() + options.timeoutMs;
  const remaining = (): number => Math.max(0, deadline - performance.now());
  try {
    await using monitor = await openMonitor(host, vm, identity, {
      signal,
      timeoutMs: Math.min(remaining(), 3_000),
    });
    if (!(await letRun(monitor, signal))) return false;
    while (remaining() > 0) {
      await monitor.execute('system_powerdown', undefined, { signal });
      const timeoutMs = Math.min(PRESS_AGAIN_MS, remaining());
      if (await host.processes.waitForExit(identity, { timeoutMs, signal })) return true;
    }
    return false;
  } catch (error) {
    signal.throwIfAborted();
    host.log.debug(`${vm.name} cannot be asked to power off`, error);
    // A connection that broke is what the end of QEMU looks like, seen a moment too early.
    return host.processes.waitForExit(identity, { timeoutMs: Math.min(remaining(), 1_000), signal });
  }
}

/** Only a guest whose processors run can react. False when it never will again. */
async function letRun(monitor: QmpClient, signal: AbortSignal): Promise<boolean> {
  const status = await monitor.execute('query-status', undefined, { signal });
  if (isAsleep(status)) {
    await monitor.execute('system_wakeup', undefined, { signal });
    return true;
  }
  const { name } = runState(status);
  if (name === 'suspended') await monitor.execute('cont', undefined, { signal });
  return name !== 'failed';
}

/**
 * Ends QEMU by force.
 *
 * @throws VMCTL_QEMU_STOP_FAILED when even SIGKILL does not end it
 */
export async function forceOff(
  host: PluginHost,
  vm: VmHandle,
  identity: ProcessIdentity,
  options: { readonly termGraceMs?: number | undefined } = {},
): Promise<void> {
  if (await endProcess(host.processes, identity, options.termGraceMs)) return;
  throw host.error('VMCTL_QEMU_STOP_FAILED', {
    message: `The QEMU of ${vm.name} (process ${identity.pid}) does not end, not even by SIGKILL: it hangs in the kernel.`,
    hint: 'That happens when a disk or network file system does not answer. It ends when that answers, or with the host.',
    details: { vm: vm.name, pid: identity.pid },
  });
}

/** Tells the user that the guest was not asked, or did not listen. */
export function warnForced(vm: VmHandle, timeoutMs: number, ctx: HypervisorContext): void {
  ctx.events.emit({
    type: 'warning',
    vm: vm.name,
    code: 'VMCTL_QEMU_FORCED_OFF',
    message: `${vm.name} did not power off within ${Math.round(timeoutMs / 1000)} s and was ended by force.`,
    hint: 'Where the guest needs longer, give it more time; where it has no ACPI, that is normal.',
  });
}
