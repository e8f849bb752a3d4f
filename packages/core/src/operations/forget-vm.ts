import { resolve } from 'node:path';
import type { VmHandle } from '../hypervisor/contract.js';
import { ImageClaims } from '../images/image-claims.js';
import { removeWorkDir } from '../state/work-dir.js';
import type { Runtime } from './runtime.js';

/**
 * Removes what core keeps of a VM whose backend has nothing of it any more. The work directory goes first: killed
 * in between, the VM is still known, and the next `destroy` comes here again. Call under the VM's lock. A directory that is not one of ours
 * (a damaged vms.json can name any, also that of another VM) is left, with a warning.
 */
export async function forgetVm(runtime: Runtime, handle: VmHandle): Promise<void> {
  if (resolve(handle.work_dir) === runtime.dataDir.workDir(handle.name)) await removeWorkDir(handle.work_dir);
  else {
    runtime.events.emit({
      type: 'warning',
      vm: handle.name,
      code: 'VMCTL_WORKDIR_FOREIGN',
      message: `The work directory ${handle.work_dir} is not the one of ${handle.name}, and was not removed.`,
      hint: 'Remove it by hand if it belonged to the VM.',
    });
  }
  // It says which image the VM was made from, and would only be in the way.
  await new ImageClaims(runtime.dataDir.imageClaims).remove(handle.name);
  await runtime.registry.remove(handle.name);
}
