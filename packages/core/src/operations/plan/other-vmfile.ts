import { realpath } from 'node:fs/promises';
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
