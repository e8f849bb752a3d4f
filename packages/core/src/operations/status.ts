import { stat } from 'node:fs/promises';
import type { GuestAddress, VmHandle } from '../hypervisor/contract.js';
import type { VmInspection } from '../hypervisor/inspection.js';
import { workDirFiles } from '../state/work-dir-files.js';
import { mapConcurrently } from './concurrency.js';
import { requireVms } from './each-vm.js';
import { inspectVm } from './inspection.js';
import { describeVm, type VmListing } from './list.js';
import type { Runtime } from './runtime.js';
import { type VmWork, workOn } from './vm-work.js';

/** VMs are asked for this many at a time. */
const AT_ONCE = 32;

/** A step that succeeded, as `vmctl status --json` has it. */
export interface ProvisionedStep {
  /** Digest of the step's configuration and inputs; empty unless its policy was `changed`. */
  readonly fingerprint: string;
  /** Digest of its type and configuration alone, whatever its policy; absent for steps that older versions ran. */
  readonly definition?: string;
  /** ISO 8601. */
  readonly finishedAt: string;
}

/** All that is known of one VM. Field names are those of `vmctl status --json`. */
export interface VmStatus extends VmListing {
  readonly id: string;
  readonly workDir: string;
  readonly image: string | null;
  readonly diskGb: number | null;
  readonly diskUsedBytes: number | null;
  readonly mac: string | null;
  readonly firmware: 'bios' | 'uefi';
  readonly address: GuestAddress | null;
  /** By name. */
  readonly provisioned: Readonly<Record<string, ProvisionedStep>>;
  /** What its engine says; null when nothing runs it, or its backend cannot be asked. */
  readonly live: VmInspection | null;
  /** The command that works on it right now. */
  readonly busy: VmWork | null;
}

/**
 * The status of these VMs, in this order; without names of all, by name as `list` has them.
 *
 * @throws VMCTL_VM_UNKNOWN
 */
export async function status(
  runtime: Runtime,
  options: { names?: readonly string[]; signal?: AbortSignal } = {},
): Promise<VmStatus[]> {
  const signal = options.signal ?? new AbortController().signal;
  const { names = [] } = options;
  const handles = names.length === 0 ? await runtime.registry.list() : await requireVms(runtime, names);
  return mapConcurrently(handles, AT_ONCE, (handle) => statusOf(runtime, handle, signal));
}

async function statusOf(runtime: Runtime, handle: VmHandle, signal: AbortSignal): Promise<VmStatus> {
  // At the same time: an engine that hangs is waited for once.
  const [listing, live, busy] = await Promise.all([
    describeVm(runtime, handle, signal),
    inspectVm(runtime, handle, signal),
    // No command of ours works on a VM of another tool whose name is none of ours.
    workOn(runtime, handle.name).catch(() => null),
  ]);
  const address =
    listing.state === 'running'
      ? await runtime.router.guestAddress(handle, runtime.hypervisorContext(signal)).catch(() => null)
      : null;
  return {
    ...listing,
    ssh: address?.kind === 'tcp' ? `${handle.ssh_user ?? 'vm'}@${address.host}:${address.port}` : listing.ssh,
    id: handle.id,
    workDir: handle.work_dir,
    image: handle.image_path ?? null,
    diskGb: handle.disk_gb,
    diskUsedBytes: await usedBytes(handle.overlay_path ?? workDirFiles(handle.work_dir).overlay),
    mac: handle.mac_addr,
    firmware: handle.uefi ? 'uefi' : 'bios',
    address,
    provisioned: provisionedSteps(handle),
    // Of a backend that cannot be asked `problem` tells.
    live: listing.state === 'unknown' ? null : live,
    busy,
  };
}

function provisionedSteps({ provisioned = {} }: VmHandle): VmStatus['provisioned'] {
  return Object.fromEntries(
    Object.entries(provisioned).map(([name, { fingerprint, definition, finished_at: finishedAt }]) => [
      name,
      { fingerprint, ...(definition === undefined ? {} : { definition }), finishedAt },
    ]),
  );
}

/** What a sparse file takes of the host's disk. */
async function usedBytes(path: string): Promise<number | null> {
  try {
    return (await stat(path)).blocks * 512;
  } catch {
    return null;
  }
}
