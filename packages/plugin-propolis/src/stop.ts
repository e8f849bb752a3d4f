import type { HypervisorContext, StopRequest, VmHandle } from '@vmctl/core/plugin';
import { waitForState } from './api/state-monitor.js';
import type { Parts } from './parts.js';
import { stopRecorder } from './serial/recorder.js';
import { codeOf, messageOf } from './thrown.js';
import { readRecord, writeRecord } from './vm-record.js';
import { askServer, findLive, type LiveServer, removeRunDirectory, runDown } from './vm-server.js';

/** Stops a VM: the guest is asked first, then there is Stop, which is a hard power-off. */
export async function stopVm(
  parts: Parts,
  vm: VmHandle,
  request: StopRequest,
  ctx: HypervisorContext,
): Promise<VmHandle> {
  const { host, commands } = parts;
  const record = await readRecord(vm.work_dir);
  const live = await findLive(host, vm, record);
  if (live !== undefined) {
    const answer = await askServer(host, vm, live, ctx.signal);
    if (answer.kind === 'instance') {
      const { state } = answer.instance;
      if (state === 'Migrating') await waitForMigration(parts, vm, live, ctx);
      const isActive = ['Running', 'Rebooting', 'Repairing', 'Stopping'].includes(state);
      if (isActive && request.timeoutMs > 0) await powerDown(parts, vm, live, request, ctx);
    }
    ctx.signal.throwIfAborted();
    await runDown(host, commands, vm, live, answer);
  }
  await stopRecorder(host, vm.work_dir);
  if (record !== undefined && record.run !== null) {
    await removeRunDirectory(vm, record.run);
    await writeRecord(host, vm.work_dir, { ...record, run: null });
  }
  return { ...vm, pid: null, pid_start_time: null };
}

/**
 * Waits until a migration is over: what is on its way to another host is not ended on this one.
 *
 * @throws VMCTL_PROPOLIS_MIGRATING when that takes too long
 */
export async function waitForMigration(
  { host, patience }: Parts,
  vm: VmHandle,
  { client }: LiveServer,
  { signal }: HypervisorContext,
): Promise<void> {
  const { error } = host;
  const timeoutMs = patience.migrationMs;
  const after = ['Running', 'Stopped', 'Rebooting', 'Repairing', 'Stopping'] as const;
  try {
    await waitForState(client, after, { signal, timeoutMs, error, vm: vm.name });
  } catch (cause) {
    signal.throwIfAborted();
    if (codeOf(cause) !== 'VMCTL_PROPOLIS_TIMEOUT') throw cause;
    throw error('VMCTL_PROPOLIS_MIGRATING', {
      message: `${vm.name} is just migrating to another host, and is not ended meanwhile; it was waited for ${timeoutMs / 1000} s.`,
      hint: `Try it again when it is done: vmctl status ${vm.name}`,
      cause,
      details: { vm: vm.name },
    });
  }
}

/** Asks the guest to power off and waits for it, up to the time-out; says so when it did not. */
async function powerDown(
  { host }: Parts,
  vm: VmHandle,
  { client }: LiveServer,
  { timeoutMs, powerOff }: StopRequest,
  ctx: HypervisorContext,
): Promise<void> {
  const { error } = host;
  const over = new AbortController();
  const signal = AbortSignal.any([ctx.signal, over.signal]);
  const isOff = waitForState(client, ['Stopped', 'Destroyed'], { signal, timeoutMs, error, vm: vm.name });
  try {
    if (powerOff === undefined) throw new Error('nobody can log in to it');
    // A guest that is off does not answer any more: whoever waits for its answer is told to stop.
    await Promise.race([isOff, powerOff(signal).then(() => isOff)]);
  } catch (cause) {
    ctx.signal.throwIfAborted();
    host.log.debug(`${vm.name} did not power off`, cause);
    const isSlow = codeOf(cause) === 'VMCTL_PROPOLIS_TIMEOUT';
    const why = isSlow
      ? `did not power off within ${Math.round(timeoutMs / 1000)} s`
      : `could not be asked to power off (${messageOf(cause).replace(/\.$/, '')})`;
    ctx.events.emit({
      type: 'warning',
      vm: vm.name,
      code: 'VMCTL_PROPOLIS_FORCED_OFF',
      message: `${vm.name} ${why}, and was ended by force.`,
      hint: isSlow
        ? 'Where the guest needs longer, give it more time: --timeout'
        : 'The guest is asked over SSH: see whether `vmctl ssh` gets in.',
    });
  } finally {
    over.abort(new Error('the guest is off, or was given up'));
    await isOff.catch(() => undefined);
  }
}
