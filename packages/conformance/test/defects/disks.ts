import type { HypervisorContext, VmHandle } from '@vmctl/core/plugin';
import { MEMORY_SUPPORTS, MemoryBackend } from '../support/memory-backend.ts';
import { defect, type HypervisorDefect } from './defect.ts';

const GIB = 2 ** 30;

/** A correct backend whose disks can grow. */
export class GrowingBackend extends MemoryBackend {
  override readonly supports = { ...MEMORY_SUPPORTS, growDisk: true };

  async growDisk(vm: VmHandle, bytes: number, ctx: HypervisorContext): Promise<VmHandle> {
    ctx.signal.throwIfAborted();
    const { name } = await this.state(vm, ctx);
    if (name === 'running' || name === 'suspended') throw this.wrongState(vm, 'grow');
    return { ...vm, disk_gb: Math.max(vm.disk_gb ?? 0, Math.ceil(bytes / GIB)) };
  }
}

export const disks: readonly HypervisorDefect[] = [
  defect(
    'shrinks a disk',
    'disks-can-grow',
    /the handle says another size/,
    class extends GrowingBackend {
      override async growDisk(vm: VmHandle, bytes: number) {
        return { ...vm, disk_gb: Math.ceil(bytes / GIB) };
      }
    },
  ),
  defect(
    'changes the disk of a VM that runs',
    'disks-can-grow',
    /the disk of a VM that runs was changed/,
    class extends GrowingBackend {
      override async growDisk(vm: VmHandle, bytes: number) {
        return { ...vm, disk_gb: Math.max(vm.disk_gb ?? 0, Math.ceil(bytes / GIB)) };
      }
    },
  ),
  defect(
    'says with a word whether disks can grow',
    'supports-is-data',
    /supports\.growDisk is true, false or absent/,
    class extends GrowingBackend {
      // A defect that TypeScript would find.
      override readonly supports = { ...MEMORY_SUPPORTS, growDisk: 'yes' as unknown as boolean };
    },
  ),
];
