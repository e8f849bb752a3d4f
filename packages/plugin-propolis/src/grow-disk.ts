import type { HypervisorContext, VmHandle } from '@vmctl/core/plugin';
import type { Parts } from './parts.js';
import { diskGone } from './vm-disk.js';
import { findDisk, stateFor } from './vm-lookup.js';
import { readRecord, writeRecord } from './vm-record.js';
import { askServer, findLive } from './vm-server.js';
import { volumeSize } from './zvol-images.js';

const GIB = 2 ** 30;

/**
 * Makes the disk of a VM that does not run at least so large, in bytes. That of a guest which has never run may be gone
 * with a start that failed: the next one makes it, of this size.
 *
 * @throws VMCTL_VM_WRONG_STATE, VMCTL_PROPOLIS_DISK_MISSING
 */
export async function growVmDisk(
  parts: Parts,
  vm: VmHandle,
  bytes: number,
  { signal }: Pick<HypervisorContext, 'signal'>,
): Promise<VmHandle> {
  const { host, commands } = parts;
  const record = await readRecord(vm.work_dir);
  const live = await findLive(host, vm, record);
  if (live !== undefined) {
    const answer = await askServer(host, vm, live, signal);
    // A server outlives the VM that it had; it has let go of the disk by then.
    const isOver = answer.kind === 'instance' && stateFor(answer.instance.state).name === 'stopped';
    if (!isOver && answer.kind !== 'none') {
      throw host.error('VMCTL_VM_WRONG_STATE', {
        message: `${vm.name} runs; only the disk of a VM that does not run can grow.`,
        hint: `Stop it first: vmctl stop ${vm.name}`,
        details: { vm: vm.name },
      });
    }
  }
  const size = volumeSize(bytes);
  const found = await findDisk(parts, vm, signal);
  if (found === undefined && record?.booted !== false) throw diskGone(host, vm);
  if (found !== undefined && found.size < size) {
    await commands.setVolumeSize(found.name, size, { signal });
  }
  if (record !== undefined && record.disk.size < size) {
    await writeRecord(host, vm.work_dir, { ...record, disk: { ...record.disk, size } });
  }
  // A whole number: other tools read it as one.
  return { ...vm, disk_gb: Math.max(vm.disk_gb ?? 0, Math.ceil(bytes / GIB)) };
}
