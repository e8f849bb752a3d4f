import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HypervisorContext, VmHandle } from '@vmctl/core/plugin';
import { linkNameFor } from './host/link-name.js';
import type { Parts } from './parts.js';
import { stopRecorder } from './serial/recorder.js';
import { instanceId } from './spec/instance-spec.js';
import { waitForMigration } from './stop.js';
import { destroyDisk } from './vm-disk.js';
import { findDisk } from './vm-lookup.js';
import { readRecord, removeRecord, type VnicRecord } from './vm-record.js';
import { askServer, findLive, removeRunDirectory, runDown } from './vm-server.js';
import { deleteVnic } from './vnic.js';

/** Ends a VM at once and removes what the backend made for it, and nothing else. */
export async function destroyVm(parts: Parts, vm: VmHandle, ctx: HypervisorContext): Promise<void> {
  const { host, commands } = parts;
  ctx.signal.throwIfAborted();
  const record = await readRecord(vm.work_dir);
  const live = await findLive(host, vm, record);
  if (live !== undefined) {
    const answer = await askServer(host, vm, live, ctx.signal);
    if (answer.kind === 'instance' && answer.instance.state === 'Migrating') {
      await waitForMigration(parts, vm, live, ctx);
    }
    await runDown(host, commands, vm, live, answer);
  }
  await stopRecorder(host, vm.work_dir);
  await warnOfKernelVm(parts, vm, ctx);
  if (record !== undefined && record.run !== null) await removeRunDirectory(vm, record.run);
  await deleteVnic(commands, record === undefined ? ownVnic(vm) : record.vnic, vm.work_dir);
  const disk = await findDisk(parts, vm);
  await destroyDisk({ host, commands }, vm, disk);
  if (disk?.origin !== undefined) await removeImage(parts, disk.origin, vm, ctx);
  await rm(join(vm.work_dir, 'console.log'), { force: true });
  // Last: while it is there, whatever is left is found by the next one.
  await removeRecord(vm.work_dir);
}

/**
 * A server that was killed leaves the kernel's VM, with its memory. The next start of the VM would take it away; after
 * this there is none.
 */
async function warnOfKernelVm(
  { host, vmmDirectory }: Parts,
  vm: VmHandle,
  { events }: HypervisorContext,
): Promise<void> {
  const uuid = instanceId(host.error, vm);
  const isThere = await access(join(vmmDirectory, uuid)).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  events.emit({
    type: 'warning',
    vm: vm.name,
    code: 'VMCTL_PROPOLIS_KERNEL_VM_LEFT',
    message: `The kernel still has the VM ${uuid} of ${vm.name}, with its memory: its server had been killed.`,
    hint: `Take it away: pfexec bhyvectl --destroy --vm=${uuid}`,
  });
}

/** Removes the image of a disk that is gone, unless others stand on it: then it says which. */
async function removeImage(
  { images }: Parts,
  origin: string,
  { name }: VmHandle,
  { events, signal }: HypervisorContext,
): Promise<void> {
  const kept = await images.removeUnused(origin, signal);
  if (kept === undefined) return;
  events.emit({
    type: 'warning',
    vm: name,
    code: 'VMCTL_PROPOLIS_IMAGE_KEPT',
    message: `The file of an image is gone, and ${origin} is kept: ${kept.join(', ')} ${kept.length === 1 ? 'stands' : 'stand'} on it.`,
    hint: 'It goes with the last of them.',
  });
}

/** The VNIC that the VM has under its own name, for a work directory that has lost its record. */
function ownVnic({ network, work_dir: workDir }: VmHandle): VnicRecord | null {
  if (network.type !== 'vnic') return null;
  return { link: linkNameFor(workDir), over: '-', own: true, macAddress: null };
}
