import type { HypervisorContext, VmHandle, VmInspection } from '@vmctl/core/plugin';
import { MemoryBackend } from '../support/memory-backend.ts';
import { defect, type HypervisorDefect } from './defect.ts';

/** A correct backend that says what it knows of a VM. */
export class InspectingBackend extends MemoryBackend {
  async inspect(vm: VmHandle, ctx: HypervisorContext): Promise<VmInspection | undefined> {
    const { name } = await this.state(vm, ctx);
    if (name !== 'running' && name !== 'suspended') return undefined;
    return {
      status: name,
      vcpus: vm.vcpus,
      disks: [{ name: 'disk', sizeBytes: 1024, readBytes: 0 }],
      problems: [],
    };
  }
}

export const inspection: readonly HypervisorDefect[] = [
  defect(
    'gives two disks one name',
    'inspection-is-well-formed',
    /two disks have one name/,
    class extends InspectingBackend {
      override async inspect(vm: VmHandle, ctx: HypervisorContext) {
        const found = await super.inspect(vm, ctx);
        return found && { ...found, disks: [{ name: 'disk' }, { name: 'disk' }] };
      }
    },
  ),
  defect(
    'says a moment as a Date',
    'inspection-is-well-formed',
    /does not survive JSON/,
    class extends InspectingBackend {
      override async inspect(vm: VmHandle, ctx: HypervisorContext) {
        const found = await super.inspect(vm, ctx);
        // What a plugin in JavaScript may do.
        return found && { ...found, startedAt: new Date() as unknown as string };
      }
    },
  ),
  defect(
    'remembers what it has once said',
    'nothing-to-inspect-at-rest',
    /something is said of a VM that was stopped/,
    class extends InspectingBackend {
      override async inspect(vm: VmHandle) {
        return vm.booted === true ? { problems: [] } : undefined;
      }
    },
  ),
];
