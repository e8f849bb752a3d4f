import { VmctlError } from '../errors/vmctl-error.js';
import type { VmHandle } from '../hypervisor/contract.js';
import type { RouterHypervisor } from '../hypervisor/router.js';
import type { VmDefinition } from '../vmfile/model.js';

/**
 * Refuses what the backend of a VM says that it cannot do, before anything is fetched or made for it. An existing VM keeps
 * its backend and its firmware.
 *
 * @throws VMCTL_BACKEND_UNSUPPORTED, and what loading the backend throws
 */
export async function checkBackend(
  handle: VmHandle | undefined,
  definition: VmDefinition,
  router: Pick<RouterHypervisor, 'choose' | 'backend'>,
): Promise<void> {
  const { name: vm, network, firmware, forwards } = definition;
  const chosen = router.choose({ handle, declared: definition.backend });
  const { name, supports } = await router.backend(chosen, handle?.backend_plugin ?? undefined);
  const refuse = (what: string, hint: string): VmctlError =>
    new VmctlError('VMCTL_BACKEND_UNSUPPORTED', {
      message: `${vm}: the backend ${name} ${what}.`,
      hint,
      details: { vm, backend: name },
    });
  if (network !== undefined && !supports.networks.includes(network.type)) {
    throw refuse(`has no network "${network.type}"`, `It has: ${supports.networks.join(', ')}.`);
  }
  if (handle === undefined && firmware !== undefined && !supports.firmware.includes(firmware)) {
    throw refuse(`has no firmware "${firmware}"`, `It has: ${supports.firmware.join(', ')}.`);
  }
  if (!supports.forwards && forwards.length > 0) {
    throw refuse(
      'forwards no ports',
      'Take the forwards out of the VMFile, and reach the guest by its address.',
    );
  }
}
