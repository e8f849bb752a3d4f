import { CORE_TAP, type VmctlHooks } from '../plugins/hooks.js';
import type { UpContext } from '../plugins/up-context.js';
import { prepareVm, specifyVm } from './prepare-stage.js';
import { provisionVm } from './provision-stage.js';
import { waitForGuest } from './ready-stage.js';
import { resolveVm } from './resolve-stage.js';
import { servicesFor, type StageServices } from './stage-services.js';
import { startVm } from './start-stage.js';

/** Where core writes the spec: plugins that change it come between this and the backend's `prepare`. */
const SPECIFY_STAGE = -100;

/** Hooks that have core's taps; they are there once, for every run. */
const tapped = new WeakSet<VmctlHooks>();

/** Core's work in `up`, tapped like any plugin's; a second call for the same hooks changes nothing. */
export function tapCoreStages(hooks: VmctlHooks): void {
  if (tapped.has(hooks)) return;
  tapped.add(hooks);
  const { up } = hooks;
  const core =
    (work: (ctx: UpContext, services: StageServices) => Promise<void>) =>
    async (ctx: UpContext): Promise<void> => {
      await work(ctx, servicesFor(ctx));
    };
  up.resolve.tapPromise(CORE_TAP, core(resolveVm));
  up.prepare.tapPromise({ name: `${CORE_TAP}:spec`, stage: SPECIFY_STAGE }, core(specifyVm));
  up.prepare.tapPromise(CORE_TAP, core(prepareVm));
  up.start.tapPromise(CORE_TAP, core(startVm));
  up.ready.tapPromise(CORE_TAP, core(waitForGuest));
  up.provision.tapPromise(CORE_TAP, core(provisionVm));
}
