import type { HypervisorContext, VmHandle, VmSpec } from '@vmctl/core/plugin';
import { MEMORY_SUPPORTS, MemoryBackend } from '../support/memory-backend.ts';
import { defect, type HypervisorDefect } from './defect.ts';

export const refusals: readonly HypervisorDefect[] = [
  defect(
    'takes any network',
    'refuses-networks',
    /accepts network "tap"/,
    class extends MemoryBackend {
      override refuse() {}
    },
  ),
  defect(
    'has written the disk when it refuses the firmware',
    'refuses-firmware',
    /did something before it refused/,
    class extends MemoryBackend {
      override async prepare(spec: VmSpec, ctx: HypervisorContext) {
        await this.host.files.writeAtomic(`${spec.workDir}/disk`, 'a disk');
        return super.prepare(spec, ctx);
      }
    },
  ),
  defect(
    'has another code for what it does not support',
    'refuses-image-formats',
    /must fail with VMCTL_BACKEND_UNSUPPORTED/,
    class extends MemoryBackend {
      override unsupported(vm: string) {
        return this.host.error('MEMORY_CANNOT', { message: vm, hint: 'Give up.' });
      }
    },
  ),
  defect(
    'gives no hint when it refuses forwards',
    'refuses-forwards',
    /has no hint/,
    class extends MemoryBackend {
      override unsupported(vm: string) {
        return this.host.error('VMCTL_BACKEND_UNSUPPORTED', { message: vm });
      }
    },
  ),
  defect(
    'suspends although it says that it cannot',
    'refuses-suspend',
    /suspend does something/,
    class extends MemoryBackend {
      override readonly supports = { ...MEMORY_SUPPORTS, suspend: false };

      override async move(vm: VmHandle) {
        return vm;
      }
    },
  ),
];
