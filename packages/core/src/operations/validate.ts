import type { VmFile } from '../vmfile/model.js';
import type { Runtime } from './runtime.js';
import { loadVmFile } from './select-vms.js';

/**
 * Reads and checks a VMFile, and does nothing else.
 *
 * @throws VMCTL_VMFILE_INVALID with all its problems
 */
export async function validate(runtime: Runtime, options: { file?: string } = {}): Promise<VmFile> {
  return loadVmFile(runtime, options.file);
}
