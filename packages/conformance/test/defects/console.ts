import { PassThrough, type Duplex } from 'node:stream';
import type { HypervisorContext, VmHandle } from '@vmctl/core/plugin';
import { MemoryBackend } from '../support/memory-backend.ts';
import { defect, type HypervisorDefect, type Stop } from './defect.ts';

/** A correct backend that opens consoles by itself. */
export class ConsoleBackend extends MemoryBackend {
  protected readonly open = new Set<PassThrough>();

  async openConsole(
    vm: VmHandle,
    _options: { readonly replay: boolean },
    ctx: HypervisorContext,
  ): Promise<Duplex> {
    if ((await this.state(vm, ctx)).name !== 'running') throw this.wrongState(vm, 'open its console');
    const stream = new PassThrough();
    this.open.add(stream);
    return stream;
  }

  override async stop(vm: VmHandle, options: Stop, ctx: HypervisorContext): Promise<VmHandle> {
    const stopped = await super.stop(vm, options, ctx);
    this.hangUp();
    return stopped;
  }

  protected hangUp(): void {
    for (const stream of this.open) stream.end();
  }
}

export const consoles: readonly HypervisorDefect[] = [
  defect(
    'gives its console to one at a time',
    'console-can-be-opened',
    /taken/,
    class extends ConsoleBackend {
      override async openConsole(
        vm: VmHandle,
        options: { readonly replay: boolean },
        ctx: HypervisorContext,
      ): Promise<Duplex> {
        if (this.open.size > 0) throw new Error('taken');
        return super.openConsole(vm, options, ctx);
      }
    },
  ),
  defect(
    'leaves consoles open after the VM is gone',
    'console-can-be-opened',
    /the end of a console after stop did not end/,
    class extends ConsoleBackend {
      protected override hangUp(): void {}
    },
  ),
  defect(
    'opens the console of whatever it is asked for',
    'console-of-a-vm-at-rest',
    /the console of a VM that was never started was opened/,
    class extends ConsoleBackend {
      override async openConsole(): Promise<Duplex> {
        return new PassThrough();
      }
    },
  ),
];
