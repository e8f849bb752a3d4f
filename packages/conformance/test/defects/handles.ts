import type { HypervisorContext, VmHandle, VmSpec, VmState } from '@vmctl/core/plugin';
import { MemoryBackend } from '../support/memory-backend.ts';
import { MemoryEngine } from '../support/memory-engine.ts';
import { defect, type HypervisorDefect, type Stop } from './defect.ts';

export const handles: readonly HypervisorDefect[] = [
  defect(
    'puts a Date into the handle',
    'handles-survive-json',
    /prepare does not survive JSON: made is an object of a class/,
    class extends MemoryBackend {
      override describeHandle(spec: VmSpec) {
        return { ...super.describeHandle(spec), made: new Date() };
      }
    },
  ),
  defect(
    'makes the handle anew at a stop',
    'handles-keep-unknown-fields',
    /stop lost a field/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        const { x_conformance: _lost, ...rest } = await super.stop(vm, options, ctx);
        // The index signature is lost with the field.
        return rest as VmHandle;
      }
    },
  ),
  {
    name: 'remembers its VMs by itself',
    check: 'instances-share-nothing',
    says: /VMCTL_VM_WRONG_STATE|is destroyed/,
    create: (host) => new MemoryBackend(host, new MemoryEngine()),
  },
  defect(
    'trusts the handle about whether a VM runs',
    'old-handle-finds-the-vm',
    /the running VM is not seen/,
    class extends MemoryBackend {
      override async state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
        const state = await super.state(vm, ctx);
        return state.name === 'running' && vm.pid === null ? { name: 'prepared' } : state;
      }
    },
  ),
];
