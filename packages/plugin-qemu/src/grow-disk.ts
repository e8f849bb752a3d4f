import type { PluginHost, VmHandle } from '@vmctl/core/plugin';
import { isObject } from './qmp-message.js';
import { filesOf } from './work-files.js';

const GIB = 2 ** 30;
const SECTOR_BYTES = 512;
/** So that messages of qemu-img can be told apart. */
const ENGLISH = { LC_ALL: 'C' };

/**
 * Makes the overlay of a VM that has no process larger; one that is large enough is left as it is. Only its header
 * changes, so there is nothing to undo: a kill leaves it as it was, or grown.
 *
 * @throws VMCTL_HOST_COMMAND_FAILED when qemu-img refuses it
 */
export async function growDisk(
  host: Pick<PluginHost, 'exec'>,
  vm: VmHandle,
  bytes: number,
  signal: AbortSignal,
): Promise<VmHandle> {
  const { overlay } = filesOf(vm);
  const wanted = Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
  // The format is said: one that is probed would follow what a raw disk's content says.
  const { stdout } = await host.exec('qemu-img', ['info', '--output=json', '-f', 'qcow2', overlay], {
    signal,
    env: ENGLISH,
  });
  if (sizeIn(stdout) < wanted) {
    await host.exec('qemu-img', ['resize', '-q', '-f', 'qcow2', overlay, String(wanted)], {
      signal,
      env: ENGLISH,
    });
  }
  // A whole number: other tools read it as one.
  return { ...vm, disk_gb: Math.max(vm.disk_gb ?? 0, Math.ceil(bytes / GIB)) };
}

/** The virtual size in qemu-img's answer; 0 when the answer is not what it should be: then qemu-img refuses to shrink. */
function sizeIn(stdout: string): number {
  const answer: unknown = JSON.parse(stdout);
  const size = isObject(answer) ? answer['virtual-size'] : undefined;
  return typeof size === 'number' ? size : 0;
}
