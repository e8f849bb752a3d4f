import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HypervisorContext, VmHandle, VmSpec } from '@vmctl/core/plugin';
import { MEMORY_SUPPORTS, MemoryBackend } from '../support/memory-backend.ts';
import { defect, type HypervisorDefect } from './defect.ts';

let instances = 0;

export const shape: readonly HypervisorDefect[] = [
  defect(
    'supports something else in every instance',
    'supports-is-data',
    /another instance supports something else/,
    class extends MemoryBackend {
      override readonly supports = { ...MEMORY_SUPPORTS, forwards: (instances += 1) % 2 === 0 };
    },
  ),
  defect(
    'forgets how much memory was asked for',
    'prepare-describes-the-vm',
    /something else than the specification/,
    class extends MemoryBackend {
      override describeHandle(spec: VmSpec) {
        return { ...super.describeHandle(spec), memory_mb: 1 };
      }
    },
  ),
  defect(
    'writes beside the work directory',
    'prepare-stays-in-the-work-directory',
    /outside of what the VM owns/,
    class extends MemoryBackend {
      override async make(spec: VmSpec, ctx: HypervisorContext) {
        await writeFile(`${dirname(spec.workDir)}/stray`, '');
        await super.make(spec, ctx);
      }
    },
  ),
  defect(
    'writes the process into the handle that it was given',
    'no-argument-is-changed',
    /start has changed what it was given/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        return Object.assign(vm, await super.start(vm, ctx));
      }
    },
  ),
];
