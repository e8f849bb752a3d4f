import { basename, dirname } from 'node:path';
import type { HypervisorContext, VmHandle } from '@vmctl/core/plugin';
import { MemoryBackend } from '../support/memory-backend.ts';
import { defect, type HypervisorDefect, type Stop } from './defect.ts';

export const others: readonly HypervisorDefect[] = [
  defect(
    'gives every VM the same process',
    'several-vms-at-once',
    /two VMs have one process/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        return { ...(await super.start(vm, ctx)), pid: 1 };
      }
    },
  ),
  defect(
    'stops all VMs with one',
    'vms-end-one-by-one',
    /after the end of the others the VM is stopped/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        for (const [id, { workDir, pid }] of this.engine.machines) {
          if (pid !== null && dirname(workDir) === dirname(vm.work_dir)) await this.engine.kill(id);
        }
        return super.stop(vm, options, ctx);
      }
    },
  ),
  defect(
    'has one console for all VMs',
    'instances-work-side-by-side',
    /two VMs have one console/,
    class extends MemoryBackend {
      override console() {
        return { kind: 'unix-socket', path: '/run/memory/console.sock' } as const;
      }
    },
  ),
  defect(
    'cannot be asked for a state while a VM starts',
    'looking-on-disturbs-nothing',
    /busy/,
    class extends MemoryBackend {
      override async state(vm: VmHandle, ctx: HypervisorContext) {
        const machine = this.engine.machines.get(vm.id);
        if (machine?.booted === false) throw new Error('busy');
        return super.state(vm, ctx);
      }
    },
  ),
  defect(
    'says that its guests are at port 0',
    'guest-address-is-usable',
    /0 is no TCP port/,
    class extends MemoryBackend {
      override async guestAddress() {
        return { kind: 'tcp', host: '127.0.0.1', port: 0, source: 'guessed' } as const;
      }
    },
  ),
  defect(
    'has an address for VMs without a network',
    'no-network-no-address',
    /a VM without a network has an address/,
    class extends MemoryBackend {
      override async guestAddress() {
        return { kind: 'tcp', host: '127.0.0.1', port: 22, source: 'guessed' } as const;
      }
    },
  ),
  defect(
    'promises a console and has none',
    'console-is-what-supports-says',
    /the console is of another kind/,
    class extends MemoryBackend {
      // What a type would forbid is what a plugin in JavaScript can do.
      override console = (() => ({ kind: 'none', reason: 'not yet' })) as never;
    },
  ),
  defect(
    'names a console at which nobody answers',
    'console-answers-while-running',
    /nobody answers at the console/,
    class extends MemoryBackend {
      override console(vm: VmHandle) {
        return { kind: 'unix-socket', path: `${vm.work_dir}/${basename(vm.work_dir)}.sock` } as const;
      }
    },
  ),
  defect(
    'emits what is core’s',
    'events-are-well-formed',
    /a backend emits warnings and progress/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        ctx.events.emit({ type: 'stage.started', vm: vm.name, stage: 'start' });
        return super.start(vm, ctx);
      }
    },
  ),
  defect(
    'describes itself at length',
    'description-is-one-line',
    /more than one line/,
    class extends MemoryBackend {
      override async describe() {
        return 'memory\nand much more';
      }
    },
  ),
  defect(
    'finds two things under one id',
    'diagnosis-is-well-formed',
    /two findings have one id/,
    class extends MemoryBackend {
      override async diagnose() {
        const finding = { id: 'memory', status: 'ok', title: 'There is memory' } as const;
        return [finding, finding];
      }
    },
  ),
];
