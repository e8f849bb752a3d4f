import { writeFile } from 'node:fs/promises';
import type { HypervisorContext, VmHandle, VmSpec } from '@vmctl/core/plugin';
import { MemoryBackend } from '../support/memory-backend.ts';
import { deaf, defect, hanging, type HypervisorDefect, type Stop } from './defect.ts';

export const trouble: readonly HypervisorDefect[] = [
  defect(
    'does not look at the signal before it prepares',
    'aborted-before-prepare',
    /prepare goes on although it was aborted/,
    class extends MemoryBackend {
      override prepare(spec: VmSpec, ctx: HypervisorContext) {
        return super.prepare(spec, deaf(ctx));
      }
    },
  ),
  defect(
    'does not look at the signal before it destroys',
    'aborted-before-other-calls',
    /destroy goes on although it was aborted/,
    class extends MemoryBackend {
      override destroy(vm: VmHandle, ctx: HypervisorContext) {
        return super.destroy(vm, deaf(ctx));
      }
    },
  ),
  defect(
    'leaves its files when prepare is aborted late',
    'abort-of-prepare-at-any-moment',
    /has left something behind/,
    class extends MemoryBackend {
      override async discard() {}
    },
  ),
  defect(
    'leaves its files when prepare is aborted between two steps',
    'abort-of-prepare-at-each-host-call',
    /prepare, aborted at files\.writeAtomic, has left something behind/,
    class extends MemoryBackend {
      override async discard() {}
    },
  ),
  defect(
    'leaves the process when start is aborted late',
    'abort-of-start-at-any-moment',
    /the VM is running, and should be prepared or stopped/,
    class extends MemoryBackend {
      override async undoStart() {}
    },
  ),
  defect(
    'hides the reason of an abort',
    'abort-of-start-at-each-host-call',
    /must reject with the reason of the abort/,
    class extends MemoryBackend {
      override async start(vm: VmHandle, ctx: HypervisorContext) {
        return super.start(vm, ctx).catch((error: unknown) => {
          throw this.host.error('MEMORY_START_FAILED', {
            message: `${vm.name} did not start.`,
            cause: error,
          });
        });
      }
    },
  ),
  hanging(
    'cannot be interrupted while it waits for a guest',
    'abort-of-stop',
    /an aborted stop of memory did not end within 2 s/,
    class extends MemoryBackend {
      override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext) {
        if (options.timeoutMs > 60_000) return new Promise<never>(() => undefined);
        return super.stop(vm, options, ctx);
      }
    },
  ),
  defect(
    'writes its files past the host',
    'host-calls-are-used',
    /make no call of exec, disks, ports, sockets or files/,
    class extends MemoryBackend {
      constructor(...[host, engine]: ConstructorParameters<typeof MemoryBackend>) {
        const files = {
          writeAtomic: (path: string, content: string | Uint8Array) => writeFile(path, content),
        };
        super({ ...host, files, sockets: { shortPath: async (path) => path } }, engine);
      }
    },
  ),
  defect(
    'leaves what it made when the host fails in prepare',
    'failure-of-prepare-at-each-host-call',
    /files\.writeAtomic \(call 2 of prepare\) fails, and files are left behind/,
    class extends MemoryBackend {
      override async discard() {}
    },
  ),
  defect(
    'leaves the process when the host fails in start',
    'failure-of-start-at-each-host-call',
    /lets files\.writeAtomic fail.*the VM is running/,
    class extends MemoryBackend {
      override async undoStart() {}
    },
  ),
  defect(
    'leaves what it made when its engine fails in prepare',
    'failure-of-prepare-at-each-fault-point',
    /the engine fails in prepare during prepare, and files are left behind/,
    class extends MemoryBackend {
      override async discard() {}
    },
  ),
  defect(
    'leaves the process when its engine fails in start',
    'failure-of-start-at-each-fault-point',
    /the engine fails in start during start; after that the VM is running/,
    class extends MemoryBackend {
      override async undoStart() {}
    },
  ),
];
