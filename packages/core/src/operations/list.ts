import { reportError } from '../errors/error-report.js';
import type { ErrorReport } from '../events/events.js';
import type { NetworkConfig, PortForward, VmHandle, VmStateName } from '../hypervisor/contract.js';
import { mapConcurrently } from './concurrency.js';
import type { Runtime } from './runtime.js';

/** States are asked for this many VMs at a time. */
const AT_ONCE = 32;

/** A registered VM as it is now. Field names are those of `vmctl list --json`. */
export interface VmListing {
  readonly name: string;
  /** `unknown` when the backend cannot be asked; `problem` says why. */
  readonly state: VmStateName | 'unknown';
  readonly detail: string | null;
  readonly backend: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly network: NetworkConfig;
  readonly pid: number | null;
  /** `user@127.0.0.1:41022` as far as it is known without asking the guest. */
  readonly ssh: string | null;
  readonly forwards: readonly PortForward[];
  /** ISO 8601. */
  readonly createdAt: string | null;
  readonly vmfile: string | null;
  /** True when the last `up` did not come to its end. */
  readonly unfinished: boolean;
  readonly problem: ErrorReport | null;
}

/** All registered VMs with their observed states, by name. */
export async function list(runtime: Runtime, options: { signal?: AbortSignal } = {}): Promise<VmListing[]> {
  const signal = options.signal ?? new AbortController().signal;
  const handles = await runtime.registry.list();
  return mapConcurrently(handles, AT_ONCE, (handle) => describeVm(runtime, handle, signal));
}

/** One VM as it is now. Never rejects for a backend that cannot be asked. */
export async function describeVm(
  runtime: Runtime,
  handle: VmHandle,
  signal: AbortSignal,
): Promise<VmListing> {
  const listing: VmListing = {
    name: handle.name,
    state: 'unknown',
    detail: null,
    backend: handle.backend,
    vcpus: handle.vcpus,
    memoryMb: handle.memory_mb,
    network: handle.network,
    pid: null,
    ssh:
      handle.ssh_host_port === null ? null : `${handle.ssh_user ?? 'vm'}@127.0.0.1:${handle.ssh_host_port}`,
    forwards: handle.forwards ?? [],
    createdAt: handle.created_at ?? null,
    vmfile: handle.vmfile ?? null,
    unfinished: handle.up_pending === true,
    problem: null,
  };
  try {
    const state = await runtime.router.state(handle, runtime.hypervisorContext(signal));
    return { ...listing, state: state.name, detail: state.detail ?? null, pid: state.pid ?? null };
  } catch (error) {
    return { ...listing, problem: reportError(error) };
  }
}
