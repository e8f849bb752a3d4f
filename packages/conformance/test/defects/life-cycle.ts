import type { HypervisorContext, VmHandle, VmState } from '@vmctl/core/plugin';
import { MemoryBackend } from '../support/memory-backend.ts';
import { defect, type HypervisorDefect, type Stop } from './defect.ts';

export const lifeCycle: readonly HypervisorDefect[] = [
  defect(
    'calls a stopped VM prepared',
    'states-follow-the-calls',
    /after stop the VM is prepared/,
    class extends MemoryBackend {
      override async state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
        const state = await super.state(vm, ctx);
        return state.name === 'stopped' ? { name: 'prepared' } : state;
      }
    },
  ),
  defect(
    'leaves the process in the handle at a stop',
    'handles-follow-the-process',
    /after stop, `pid` is null/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        return { ...(await super.stop(vm, options, ctx)), pid: vm.pid };
      }
    },
  ),
  defect(
    'restarts a VM that runs',
    'start-of-a-running-vm',
    /the second start has changed the handle/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        if (this.engine.stateOf(vm.id) === 'running') await this.engine.kill(vm.id);
        return super.start(vm, ctx);
      }
    },
  ),
  defect(
    'fails with a bare Error where a VM is gone',
    'start-of-a-destroyed-vm',
    /must fail with an error of host\.error/,
    class extends MemoryBackend {
      override wrongState() {
        return new Error('no such VM');
      }
    },
  ),
  defect(
    'does not suspend',
    'suspend-and-resume',
    /after the first suspend the VM is running/,
    class extends MemoryBackend {
      override async suspend(vm: VmHandle) {
        return vm;
      }
    },
  ),
  defect(
    'says that it has suspended what does not run',
    'suspend-needs-a-running-vm',
    /suspend of a VM that was never started has succeeded/,
    class extends MemoryBackend {
      override async suspend(vm: VmHandle) {
        return vm;
      }
    },
  ),
  defect(
    'leaves a suspended VM asleep at a start',
    'start-wakes-a-suspended-vm',
    /after start the VM is suspended/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        return this.engine.stateOf(vm.id) === 'suspended' ? vm : super.start(vm, ctx);
      }
    },
  ),
  defect(
    'does not stop a suspended VM',
    'suspended-vm-stops',
    /after stop the VM is suspended/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        return this.engine.stateOf(vm.id) === 'suspended' ? vm : super.stop(vm, options, ctx);
      }
    },
  ),
];
