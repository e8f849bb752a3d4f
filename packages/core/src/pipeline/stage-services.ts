import { VmctlError } from '../errors/vmctl-error.js';
import type { Exec } from '../host/exec.js';
import type { RouterHypervisor } from '../hypervisor/router.js';
import type { ImageStore } from '../images/image-store.js';
import type { PluginSystem } from '../plugins/plugin-system.js';
import type { UpContext } from '../plugins/up-context.js';
import type { StepSelection } from '../provisioner/select-steps.js';
import type { VmRegistry } from '../state/vm-registry.js';

/** What core's own stages work with. */
export interface StageServices {
  readonly router: RouterHypervisor;
  readonly registry: VmRegistry;
  readonly images: () => Promise<ImageStore>;
  readonly plugins: PluginSystem;
  readonly exec: Exec;
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--user` and `--key`: before what the VMFile says. */
  readonly login: { readonly user?: string | undefined; readonly key?: string | undefined };
  /** Which provisioning steps are asked for; all of them without. */
  readonly steps?: StepSelection | undefined;
  /** The bridge of `network "tap"` without `bridge`. */
  readonly bridge: string;
  /** The VMFile, for the handle; undefined for a VM without one. */
  readonly vmfilePath: string | undefined;
}

const servicesOf = new WeakMap<UpContext, StageServices>();

/** Says what core's own stages work with when they are called with this context. */
export function provideServices(ctx: UpContext, services: StageServices): void {
  servicesOf.set(ctx, services);
}

/** What was provided for this context. */
export function servicesFor(ctx: UpContext): StageServices {
  const services = servicesOf.get(ctx);
  if (services === undefined) {
    throw new VmctlError('VMCTL_INTERNAL', { message: 'A stage was called without services.' });
  }
  return services;
}
