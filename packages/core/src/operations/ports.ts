import type { PortForward } from '../hypervisor/contract.js';
import { mapConcurrently } from './concurrency.js';
import { requireVms } from './each-vm.js';
import { describeVm, type VmListing } from './list.js';
import type { Runtime } from './runtime.js';

/** How many VMs are asked at a time. */
const AT_ONCE = 32;

/** A port of the host that leads to a VM when it runs. */
export interface VmPort extends PortForward {
  readonly vm: string;
  readonly state: VmListing['state'];
  /** `ssh`: vmctl's own way in; `declared`, `added`: where the forward comes from. */
  readonly use: 'ssh' | 'declared' | 'added';
}

/**
 * The ports of the host that lead to VMs, by name of the VM.
 *
 * @param options.names - default: all VMs
 * @throws VMCTL_VM_UNKNOWN
 */
export async function ports(
  runtime: Runtime,
  options: { readonly names?: readonly string[] | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<VmPort[]> {
  const { names = [], signal = new AbortController().signal } = options;
  const handles = names.length > 0 ? await requireVms(runtime, names) : await runtime.registry.list();
  const sorted = handles.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const all = await mapConcurrently(sorted, AT_ONCE, async (handle): Promise<VmPort[]> => {
    const { name: vm, ssh_host_port: ssh, forwards = [], added_forwards: added = [] } = handle;
    const { state } = await describeVm(runtime, handle, signal);
    const isAdded = ({ address, host }: PortForward): boolean =>
      added.some((each) => each.host === host && each.address === address);
    return [
      ...(ssh === null
        ? []
        : [{ vm, state, address: '127.0.0.1', host: ssh, guest: 22, use: 'ssh' as const }]),
      ...forwards.map(({ address, host, guest }): VmPort => {
        const use = isAdded({ address, host, guest }) ? 'added' : 'declared';
        return { vm, state, address, host, guest, use };
      }),
    ];
  });
  return all.flat();
}
