import { rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HypervisorContext, VmHandle, VmState } from '@vmctl/core/plugin';
import { MemoryBackend } from '../support/memory-backend.ts';
import { defect, hanging, type HypervisorDefect, type Stop } from './defect.ts';

export const ending: readonly HypervisorDefect[] = [
  defect(
    'refuses to stop what does not run',
    'stop-is-idempotent',
    /cannot stop/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        if (this.engine.stateOf(vm.id) !== 'running') throw this.wrongState(vm, 'stop');
        return super.stop(vm, options, ctx);
      }
    },
  ),
  hanging(
    'waits for ever for a guest',
    'stop-ends-by-force',
    /stop of memory did not end within 2 s/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, { timeoutMs }: Stop, ctx: HypervisorContext) {
        if (timeoutMs === 50) return new Promise<never>(() => undefined);
        return super.stop(vm, { timeoutMs }, ctx);
      }
    },
  ),
  defect(
    'uses force at once',
    'stop-asks-the-guest',
    /the guest was ended by force/,
    class extends MemoryBackend {
      override stop(vm: VmHandle, _options: Stop, ctx: HypervisorContext) {
        return super.stop(vm, { timeoutMs: 0 }, ctx);
      }
    },
  ),
  defect(
    'destroys a VM only once',
    'destroy-is-idempotent',
    /cannot destroy/,
    class extends MemoryBackend {
      override async destroy(vm: VmHandle, ctx: HypervisorContext) {
        if (this.engine.stateOf(vm.id) === 'destroyed') throw this.wrongState(vm, 'destroy');
        await super.destroy(vm, ctx);
      }
    },
  ),
  defect(
    'removes the files of core',
    'destroy-removes-what-was-made',
    /must hold what core put into it/,
    class extends MemoryBackend {
      override async destroy(vm: VmHandle, ctx: HypervisorContext) {
        await super.destroy(vm, ctx);
        await rm(`${vm.work_dir}/seed.iso`, { force: true });
      }
    },
  ),
  defect(
    'leaves the disk of a VM that it ended',
    'destroy-ends-a-running-vm',
    /must hold what core put into it/,
    class extends MemoryBackend {
      override async destroy(vm: VmHandle, ctx: HypervisorContext) {
        const ran = this.engine.stateOf(vm.id) === 'running';
        await super.destroy(vm, ctx);
        if (ran) await writeFile(`${vm.work_dir}/disk`, 'a disk');
      }
    },
  ),
  defect(
    'passes over suspended VMs when it destroys',
    'destroy-ends-a-suspended-vm',
    /after destroy the VM is suspended/,
    class extends MemoryBackend {
      override async destroy(vm: VmHandle, ctx: HypervisorContext) {
        if (this.engine.stateOf(vm.id) === 'suspended') return;
        await super.destroy(vm, ctx);
      }
    },
  ),
  defect(
    'lets VMs write to the image',
    'image-is-never-written',
    /the image has changed/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        await writeFile(`${dirname(dirname(vm.work_dir))}/images/empty.img`, 'written');
        return super.start(vm, ctx);
      }
    },
  ),
  defect(
    'believes for ever that what it has started runs',
    'crash-is-seen',
    /after a crash the VM is running/,
    class extends MemoryBackend {
      override async state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState> {
        return vm.pid === null ? super.state(vm, ctx) : { name: 'running', pid: vm.pid };
      }
    },
  ),
  defect(
    'does not start again what has crashed',
    'crash-can-be-survived',
    /cannot start after a crash/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        if (this.engine.machines.get(vm.id)?.ended === 'by force') {
          throw this.wrongState(vm, 'start after a crash');
        }
        return super.start(vm, ctx);
      }
    },
  ),
];
