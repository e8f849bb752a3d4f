import { VmctlError } from '../errors/vmctl-error.js';
import type { VmHandle } from '../hypervisor/contract.js';
import type { UpContext } from '../plugins/up-context.js';
import type { StageServices } from './stage-services.js';

/** Starts the VM, or wakes a suspended one, and keeps where its process is. */
export async function startVm(ctx: UpContext, services: StageServices): Promise<void> {
  const handle = handleOf(ctx);
  const hypervisorContext = { signal: ctx.signal, log: ctx.log.child('hypervisor'), events: ctx.events };
  const { router, registry } = services;
  const state = await router.state(handle, hypervisorContext);
  if (state.name === 'failed') await router.stop(handle, { timeoutMs: 0 }, hypervisorContext);
  const started =
    state.name === 'suspended'
      ? await router.resume(handle, hypervisorContext)
      : await router.start(handle, hypervisorContext);
  ctx.handle = { ...started, booted: true };
  const saved = ctx.handle;
  await registry.update(handle.name, (current) => ({ ...current, ...saved }));
  ctx.detail = await router.describe(saved, hypervisorContext);
}

/** The handle, which every stage after `prepare` has. */
export function handleOf(ctx: UpContext): VmHandle {
  if (ctx.handle === undefined) {
    throw new VmctlError('VMCTL_INTERNAL', {
      message: `${ctx.definition.name} has no handle after the stage prepare.`,
    });
  }
  return ctx.handle;
}
