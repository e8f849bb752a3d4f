import { realpath } from 'node:fs/promises';
import { VmctlError } from '../../errors/vmctl-error.js';
import type { EventSink } from '../../events/events.js';
import type { VmHandle } from '../../hypervisor/contract.js';

/**
 * The VMFile that a VM came from, when that is another one and still there: VMs of all VMFiles share their names.
 *
 * @param own - the VMFile that is worked with, absolute; undefined without one
 */
export async function otherVmFile(
  { vmfile }: Pick<VmHandle, 'vmfile'>,
  own: string | undefined,
): Promise<string | undefined> {
  if (typeof vmfile !== 'string' || own === undefined || vmfile === own) return undefined;
  // A project that was moved is no other one.
  const there = await realpath(vmfile).catch(() => undefined);
  if (there === undefined) return undefined;
  return there === (await realpath(own).catch(() => own)) ? undefined : vmfile;
}

const CODE = 'VMCTL_VM_OF_OTHER_VMFILE';

/** A VM that is worked with, and the VMFile that is. */
export interface OwnedVm {
  readonly handle: VmHandle;
  /** Absolute; undefined without one. */
  readonly vmfile: string | undefined;
}

/**
 * Says whose VM it is, when another VMFile has it as well.
 *
 * @param options.takenOver - whether the VM belongs to this VMFile from now on
 */
export async function warnOfOtherVmFile(
  events: EventSink,
  { handle, vmfile }: OwnedVm,
  options: { readonly takenOver: boolean },
): Promise<void> {
  const other = await otherVmFile(handle, vmfile);
  if (other === undefined) return;
  const advice = 'If it is another VM, give the one here another name.';
  const hint = options.takenOver ? `It is this VMFile's from now on. ${advice}` : advice;
  events.emit({ type: 'warning', vm: handle.name, code: CODE, message: sentence(handle, other), hint });
}

/**
 * Keeps the disk of a VM that another VMFile has as well.
 *
 * @throws VMCTL_VM_OF_OTHER_VMFILE
 */
export async function refuseOtherVmFile({ handle, vmfile }: OwnedVm): Promise<void> {
  const other = await otherVmFile(handle, vmfile);
  if (other === undefined) return;
  throw new VmctlError(CODE, {
    message: sentence(handle, other),
    hint: `Give the one here another name; or remove the other with its disk: vmctl destroy ${handle.name}`,
    details: { vm: handle.name, vmfile: other },
  });
}

function sentence({ name }: VmHandle, other: string): string {
  return `${name} is the VM of ${other}: VMs of all VMFiles share their names.`;
}
