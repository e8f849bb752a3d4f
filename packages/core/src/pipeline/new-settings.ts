import type { NetworkConfig, PortForward, VmHandle } from '../hypervisor/contract.js';
import type { VmDefinition } from '../vmfile/model.js';
import { declaredLogin } from './declared-settings.js';
import { declaredKey } from './login.js';
import { machineDefaults } from './machine-defaults.js';
import type { StageServices } from './stage-services.js';

/** What an existing, stopped VM takes over from an edited VMFile at its next start. */
export async function newSettings(
  handle: VmHandle,
  definition: VmDefinition,
  services: StageServices,
): Promise<Partial<VmHandle>> {
  const { ports } = services.plugins.host;
  const network = await networkOf(handle, definition, services);
  return {
    vcpus: definition.vcpus,
    memory_mb: definition.memoryMb,
    network,
    ssh_host_port: network.type === 'user' ? (handle.ssh_host_port ?? (await ports.free())) : null,
    ...(await newForwards(handle, definition, services)),
  };
}

/** The forwards that an existing VM has by an edited VMFile. */
export async function newForwards(
  handle: VmHandle,
  definition: VmDefinition,
  services: StageServices,
): Promise<Required<Pick<VmHandle, 'forwards' | 'added_forwards'>>> {
  const { ports } = services.plugins.host;
  const network = await networkOf(handle, definition, services);
  const { declared, added } = forwardsOf(handle, { network, forwards: definition.forwards });
  const forwards = await choosePorts(declared, (address) => ports.free(address));
  const others = added.filter((forward) => !forwards.some((other) => sameHostPort(other, forward)));
  return { forwards: [...forwards, ...others], added_forwards: others };
}

/**
 * Which forwards an existing VM has by an edited VMFile: those of the VMFile, where "any free port" is the one that it
 * has already (else still 0), and of those that were added by hand the ones that are not in their way.
 */
export function forwardsOf(
  handle: Pick<VmHandle, 'forwards' | 'added_forwards'>,
  wanted: { readonly forwards: readonly PortForward[]; readonly network: NetworkConfig },
): { readonly declared: readonly PortForward[]; readonly added: readonly PortForward[] } {
  const byHand = wanted.network.type === 'user' ? (handle.added_forwards ?? []) : [];
  const spoken = [...byHand, ...wanted.forwards];
  const kept = (handle.forwards ?? []).filter(
    (forward) => !spoken.some((other) => sameHostPort(other, forward)),
  );
  const declared = wanted.forwards.map((forward) => {
    if (forward.host !== 0) return forward;
    const index = kept.findIndex((each) => each.guest === forward.guest && each.address === forward.address);
    // Two of them are two ports.
    const [same] = index === -1 ? [] : kept.splice(index, 1);
    return { ...forward, host: same?.host ?? 0 };
  });
  return { declared, added: byHand.filter((each) => !declared.some((other) => sameHostPort(other, each))) };
}

/** How the other commands log in to a VM that the VMFile describes, and what it says of that. */
export async function newLogin(
  handle: Pick<VmHandle, 'declared'>,
  definition: VmDefinition,
  { login }: Pick<StageServices, 'login'>,
): Promise<Pick<VmHandle, 'ssh_user' | 'ssh_private_key' | 'declared'>> {
  const { declared } = handle;
  return {
    ssh_user: login.user ?? definition.ssh.user,
    ssh_private_key: (await declaredKey(definition, login)) ?? null,
    ...(declared === undefined ? {} : { declared: { ...declared, ...declaredLogin(definition) } }),
  };
}

/** The network of an existing VM by an edited VMFile; its backend stays. */
async function networkOf(
  { backend, backend_plugin: plugin }: VmHandle,
  { network }: VmDefinition,
  { router, bridge }: Pick<StageServices, 'router' | 'bridge'>,
): Promise<NetworkConfig> {
  if (network !== undefined) return network;
  const { supports } = await router.backend(backend, plugin ?? undefined);
  return machineDefaults(supports, bridge).network;
}

/** Forwards in which every host port is one. */
export async function choosePorts(
  forwards: readonly PortForward[],
  free: (address: string) => Promise<number>,
): Promise<PortForward[]> {
  const chosen: PortForward[] = [];
  for (const forward of forwards) {
    const host = forward.host === 0 ? await free(forward.address) : forward.host;
    chosen.push({ ...forward, host });
  }
  return chosen;
}

function sameHostPort(a: PortForward, b: PortForward): boolean {
  return a.host === b.host && a.address === b.address;
}
