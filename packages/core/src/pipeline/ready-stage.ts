import { isAddressFoundLater } from '../hypervisor/guest-network.js';
import type { UpContext } from '../plugins/up-context.js';
import { declaredKey } from './login.js';
import type { StageServices } from './stage-services.js';
import { handleOf } from './start-stage.js';
import { waitForLogin } from './wait-for-login.js';

/** Waits until the guest can be worked with, and leaves a session for the steps. */
export async function waitForGuest(ctx: UpContext, services: StageServices): Promise<void> {
  const { definition, signal, events, log } = ctx;
  const handle = handleOf(ctx);
  const hypervisorContext = { signal, log: log.child('hypervisor'), events };
  const address = await services.router.guestAddress(handle, hypervisorContext);
  if (address.kind === 'none' && !isAddressFoundLater(handle.network)) {
    ctx.detail = `running; ${address.reason}`;
    return;
  }
  if (definition.cloudInit === undefined && !definition.ssh.declared) {
    ctx.detail = 'running; the VMFile says nothing about logging in';
    return;
  }
  const { session, detail } = await waitForLogin({
    handle,
    user: services.login.user ?? definition.ssh.user,
    declaredKey: await declaredKey(definition, services.login),
    timeoutMs: definition.ssh.timeoutSeconds * 1000,
    host: services,
    context: hypervisorContext,
  });
  ctx.guest = session;
  ctx.detail = detail;
}
