import type { HypervisorContext, PortForward, VmHandle } from '@vmctl/core/plugin';
import { MEMORY_SUPPORTS, MemoryBackend } from '../support/memory-backend.ts';
import { defect, type HypervisorDefect } from './defect.ts';

/** A correct backend whose forwards can be changed. */
export class ForwardingBackend extends MemoryBackend {
  override readonly supports = { ...MEMORY_SUPPORTS, forwards: true, liveForwards: true };

  async setForwards(vm: VmHandle, forwards: readonly PortForward[], ctx: HypervisorContext) {
    ctx.signal.throwIfAborted();
    return { ...vm, forwards };
  }
}

export const forwards: readonly HypervisorDefect[] = [
  defect(
    'never takes a forward away',
    'forwards-can-be-changed',
    /the handle says something else than was asked for/,
    class extends ForwardingBackend {
      override async setForwards(vm: VmHandle, wanted: readonly PortForward[]) {
        return { ...vm, forwards: [...(vm.forwards ?? []), ...wanted] };
      }
    },
  ),
  defect(
    'stops the VM to change its forwards',
    'forwards-can-be-changed',
    /after setForwards the VM is stopped/,
    class extends ForwardingBackend {
      override async setForwards(vm: VmHandle, wanted: readonly PortForward[], ctx: HypervisorContext) {
        await this.stop(vm, { timeoutMs: 0 }, ctx);
        return { ...vm, forwards: wanted };
      }
    },
  ),
  defect(
    'says that forwards can be changed, and cannot forward ports at all',
    'supports-is-data',
    /supports\.liveForwards takes supports\.forwards/,
    class extends ForwardingBackend {
      override readonly supports = { ...MEMORY_SUPPORTS, forwards: false, liveForwards: true };
    },
  ),
];
