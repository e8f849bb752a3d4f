import type { VmHandle, VmState } from '@vmctl/core/plugin';
import type { InstanceState } from './api/types.js';
import type { Volume } from './host/zfs-output.js';
import { runOfHandle } from './handle-run.js';
import type { Parts } from './parts.js';
import { readRecord, type VmRecord } from './vm-record.js';
import { askServer, findLive } from './vm-server.js';

/** The disk of a VM, wherever it is now: looked for by its name, and when it has another one by its tag. */
export async function findDisk(
  { commands }: Pick<Parts, 'commands'>,
  { id, zvol }: VmHandle,
  signal?: AbortSignal,
): Promise<Volume | undefined> {
  if (typeof zvol === 'string') {
    const found = await commands.findVolume(zvol, { signal });
    if (found?.vmId === id) return found;
  }
  return (await commands.listVolumes({ signal })).find(({ vmId }) => vmId === id);
}

/** What the backend has for a VM; where its record is gone, what the disk itself tells. */
export async function recordOf(
  parts: Pick<Parts, 'commands'>,
  vm: VmHandle,
  signal?: AbortSignal,
): Promise<VmRecord | undefined> {
  const record = await readRecord(vm.work_dir);
  if (record !== undefined) return record;
  const disk = await findDisk(parts, vm, signal);
  if (disk?.origin === undefined) return undefined;
  return {
    disk: { dataset: disk.name, base: disk.origin, size: disk.size },
    vnic: null,
    booted: vm.booted !== false,
    run: (await runOfHandle(vm)) ?? null,
  };
}

/** What a state of the server means for vmctl. */
const STATES: Readonly<Record<InstanceState, Omit<VmState, 'pid'>>> = {
  Creating: { name: 'prepared', detail: 'made, and not started yet (Creating)' },
  Starting: { name: 'preparing', detail: 'Starting' },
  Running: { name: 'running' },
  Rebooting: { name: 'running', detail: 'Rebooting' },
  Stopping: { name: 'running', detail: 'Stopping' },
  Migrating: { name: 'running', detail: 'Migrating' },
  Repairing: { name: 'running', detail: 'Repairing' },
  Stopped: { name: 'stopped' },
  // It only says that the run-down has finished.
  Destroyed: { name: 'stopped' },
  Failed: { name: 'failed', detail: 'propolis-server says that it has failed' },
};

/** A state of the server as vmctl's. */
export function stateFor(state: InstanceState): Omit<VmState, 'pid'> {
  return STATES[state];
}

/** Looks at a VM now. */
export async function observeVm(parts: Parts, vm: VmHandle, signal: AbortSignal): Promise<VmState> {
  const { host } = parts;
  const record = await readRecord(vm.work_dir);
  const live = await findLive(host, vm, record);
  if (live === undefined) return atRest(parts, vm, record, signal);
  const { pid } = live.identity;
  const answer = await askServer(host, vm, live, signal);
  switch (answer.kind) {
    case 'instance':
      return { ...stateFor(answer.instance.state), pid };
    case 'none':
      return live.run.ensured
        ? { name: 'failed', detail: 'propolis-server did not make it, or lost it', pid }
        : { name: 'prepared', detail: 'its propolis-server runs, and has no VM yet', pid };
    case 'foreign':
      return { name: 'failed', detail: `another VM is behind its port ${live.run.port}`, pid };
    case 'silent': {
      host.log.debug(`${vm.name} does not say how it is`, answer.error);
      // It may have ended between the two questions.
      if (!(await host.processes.isAlive(live.identity))) return atRest(parts, vm, record, signal);
      return live.run.ensured
        ? { name: 'running', detail: 'propolis-server runs, and does not answer', pid }
        : { name: 'preparing', detail: 'propolis-server is starting', pid };
    }
  }
}

/** How a VM without a server is. */
async function atRest(
  { commands }: Parts,
  vm: VmHandle,
  record: VmRecord | undefined,
  signal: AbortSignal,
): Promise<VmState> {
  const hasBooted = vm.booted === true || record?.booted === true;
  if (!hasBooted && record !== undefined) return { name: 'prepared' };
  const disk = await findDisk({ commands }, vm, signal);
  if (disk !== undefined) {
    if (!hasBooted) return { name: 'prepared' };
    const detail =
      record?.run?.ensured === true ? 'its propolis-server ended out of the ordinary' : undefined;
    return { name: 'stopped', detail };
  }
  const { vnic } = record ?? {};
  const isVnicLeft =
    vnic?.own === true && (await commands.listVnics({ signal })).some(({ link }) => link === vnic.link);
  return isVnicLeft
    ? { name: 'failed', detail: `its disk is gone, and its VNIC ${vnic.link} is left` }
    : { name: 'destroyed', detail: 'it has no disk' };
}
