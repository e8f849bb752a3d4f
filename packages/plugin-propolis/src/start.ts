import type { HypervisorContext, VmHandle } from '@vmctl/core/plugin';
import { waitForState } from './api/state-monitor.js';
import { readSettings } from './settings.js';
import { findBootrom, findServer, fileSize } from './programs.js';
import { portOf } from './handle-run.js';
import { launchServer } from './launch.js';
import type { Parts } from './parts.js';
import { resumeRecorder, startRecorder, stopRecorder } from './serial/recorder.js';
import { ensureRequest, instanceId } from './spec/instance-spec.js';
import { codeOf } from './thrown.js';
import { destroyDisk, diskGone, ensureDisk } from './vm-disk.js';
import { recordOf } from './vm-lookup.js';
import { type VmRecord, writeRecord } from './vm-record.js';
import { askServer, findLive, type LiveServer, removeRunDirectory, runDown } from './vm-server.js';
import { deleteVnic, ensureVnic, planVnic, vnicName } from './vnic.js';
import { deviceOf } from './zvol-images.js';

/** States of a VM that runs, whatever else it is just doing. */
const RUNNING = ['Running', 'Rebooting', 'Stopping', 'Migrating', 'Repairing'];

/** Starts a VM that does not run, with a new server; one that runs is returned as it is. */
export async function startVm(parts: Parts, vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle> {
  const { host, commands } = parts;
  const record = await recordOf(parts, vm, ctx.signal);
  if (record === undefined) throw diskGone(host, vm);
  const live = await findLive(host, vm, record);
  if (live !== undefined) {
    const answer = await askServer(host, vm, live, ctx.signal);
    if (answer.kind === 'instance' && RUNNING.includes(answer.instance.state)) {
      const running = withServer(vm, live, record);
      const { recorderCommand: command } = parts;
      const { address } = live.client;
      await resumeRecorder({ host, vm: running, address, signal: ctx.signal, command });
      return running;
    }
    // One whose VM is done with never has another.
    await runDown(host, commands, vm, live, answer);
  } else if (record.run !== null) {
    await removeRunDirectory(vm, record.run);
  }
  return boot(parts, vm, { ...record, run: null }, ctx);
}

/** The handle of a VM that runs, whatever its last one says: the vmctl that has started it may have been killed. */
function withServer(vm: VmHandle, { identity, run }: LiveServer, { vnic }: VmRecord): VmHandle {
  const { pid, startTime } = identity;
  const { port, consoleLogStart: begin } = run;
  return {
    ...vm,
    pid,
    pid_start_time: startTime,
    propolis_port: port,
    booted: true,
    mac_addr: vnic?.macAddress ?? vm.mac_addr,
    ...(begin === undefined ? {} : { console_log_start: begin }),
  };
}

async function boot(parts: Parts, vm: VmHandle, before: VmRecord, ctx: HypervisorContext): Promise<VmHandle> {
  const { host, commands } = parts;
  const { signal } = ctx;
  const settings = await readSettings(host);
  const program = await findServer(host, settings);
  const bootrom = await findBootrom(host, settings);
  await checkSeed(parts, vm);
  let record = before;
  const write = async (changes: Partial<VmRecord>): Promise<void> => {
    record = await writeRecord(host, vm.work_dir, { ...record, ...changes });
  };
  let live: LiveServer | undefined;
  try {
    if (vnicName(vm.network, vm.work_dir) !== record.vnic?.link) {
      const wanted = await planVnic({ host, commands }, { ...vm, workDir: vm.work_dir }, settings, ctx);
      await deleteVnic(commands, record.vnic, vm.work_dir);
      await write({ vnic: wanted });
    }
    const owner = { id: vm.id, name: vm.name, workDir: vm.work_dir };
    if (record.booted) await checkDisk(parts, vm, record, signal);
    else await ensureDisk({ host, commands }, owner, record.disk, ctx);
    if (record.vnic !== null) {
      const made = await ensureVnic({ host, commands }, owner, record.vnic, ctx);
      if (made.macAddress !== record.vnic.macAddress || made.own !== record.vnic.own)
        await write({ vnic: made });
    }
    live = await launchServer({
      parts,
      vm,
      ctx,
      program,
      bootrom,
      port: portOf(vm),
      onRun: (run) => write({ run }),
    });
    await write({ run: { ...live.run, ensured: true } });
    await ensureInstance(parts, vm, record, live, ctx);
    const { address } = live.client;
    const { recorderCommand: command } = parts;
    const { consoleLogStart } = await startRecorder({ host, vm, address, signal, command });
    const run = { ...live.run, ensured: true, consoleLogStart };
    // Before it: a guest that has run has a disk of its own, whatever comes after this.
    await write({ booted: true, run });
    await live.client.requestState('Run', { signal });
    await mustRun(parts, vm, live, ctx);
    return { ...withServer(vm, { ...live, run }, record), mac_addr: record.vnic?.macAddress ?? null };
  } catch (error) {
    await rollBack(parts, vm, { before, record, live });
    throw error;
  }
}

/** Gives the server its VM. That it has one already is well when it is this one: an answer was lost on its way. */
async function ensureInstance(
  { host }: Parts,
  vm: VmHandle,
  { disk, vnic }: VmRecord,
  { client }: LiveServer,
  { signal }: HypervisorContext,
): Promise<void> {
  const resources = { diskPath: deviceOf(disk.dataset), vnicName: vnic?.link };
  try {
    await client.ensure(ensureRequest(host.error, vm, resources), { signal });
  } catch (error) {
    if (codeOf(error) !== 'VMCTL_PROPOLIS_CONFLICT') throw error;
    const instance = await client.instance({ signal });
    if (instance?.id !== instanceId(host.error, vm)) throw error;
    host.log.debug(`the server of ${vm.name} has it already`);
  }
}

async function mustRun(
  { host, patience }: Parts,
  vm: VmHandle,
  { client }: LiveServer,
  { signal }: HypervisorContext,
): Promise<void> {
  const { error } = host;
  const timeoutMs = patience.runningMs;
  const state = await waitForState(client, RUNNING_STATES, { signal, timeoutMs, error, vm: vm.name });
  // A guest may power itself off before anybody has looked.
  if (state !== 'Failed') return;
  throw error('VMCTL_PROPOLIS_START_FAILED', {
    message: `${vm.name} did not start: propolis-server says that it has failed.`,
    hint: 'See what the host lacks: vmctl doctor',
    details: { vm: vm.name, state },
  });
}

const RUNNING_STATES = ['Running', 'Rebooting', 'Stopping'] as const;

/**
 * Undoes a start that failed: the server, the VNIC, and the disk of a guest that had never run, which is cloned anew by
 * the next start. What cannot be undone does not hide why the start failed.
 */
async function rollBack(
  parts: Parts,
  vm: VmHandle,
  {
    before,
    record,
    live,
  }: { readonly before: VmRecord; readonly record: VmRecord; readonly live: LiveServer | undefined },
): Promise<void> {
  const { host, commands } = parts;
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      host.log.debug(`${what} of ${vm.name} stays after a failed start`, error);
    }
  };
  await attempt('the recorder', () => stopRecorder(host, vm.work_dir));
  await attempt('the server', async () => {
    const left = live ?? (await findLive(host, vm, record));
    if (left !== undefined) await runDown(host, commands, vm, left);
    if (record.run !== null) await removeRunDirectory(vm, record.run);
  });
  await attempt('the VNIC', () => deleteVnic(commands, record.vnic, vm.work_dir));
  if (!before.booted) {
    await attempt('the disk', async () => {
      const found = await commands.findVolume(record.disk.dataset);
      await destroyDisk({ host, commands }, vm, found);
    });
  }
  await attempt('the record', () =>
    writeRecord(host, vm.work_dir, { ...record, booted: before.booted, run: null }),
  );
}

/** The server would abort, and not say why. */
async function checkSeed({ host }: Parts, { name, seed_iso_path: path }: VmHandle): Promise<void> {
  if (path === null || (await fileSize(path)) !== undefined) return;
  throw host.error('VMCTL_PROPOLIS_DISK_MISSING', {
    message: `${name} cannot start: its cloud-init seed is gone: ${path}`,
    hint: `Put the file back, or make the VM anew: vmctl destroy ${name}`,
    details: { vm: name, path },
  });
}

async function checkDisk(
  { host, commands }: Parts,
  vm: VmHandle,
  { disk }: VmRecord,
  signal: AbortSignal,
): Promise<void> {
  const found = await commands.findVolume(disk.dataset, { signal });
  if (found?.vmId === vm.id) return;
  throw host.error('VMCTL_PROPOLIS_DISK_MISSING', {
    message:
      found === undefined
        ? `${vm.name} cannot start: its disk is gone: the dataset ${disk.dataset}.`
        : `${vm.name} cannot start: the dataset ${disk.dataset} is not the one that vmctl made for it.`,
    hint: `Bring it back (zfs rename, zfs receive), or make the VM anew: vmctl destroy ${vm.name}`,
    details: { vm: vm.name, dataset: disk.dataset },
  });
}
