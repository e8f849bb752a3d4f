import type { VmFile } from '../vmfile/model.js';
import type { Runtime } from './runtime.js';
import { inspectProject, warnOfMissing } from './project.js';

/**
 * Reads and checks a VMFile, and does nothing else. Plugins that it requires and that are not there are warnings; what
 * they would bring is passed over.
 *
 * @throws VMCTL_VMFILE_INVALID with all its problems
 */
export async function validate(runtime: Runtime, options: { file?: string } = {}): Promise<VmFile> {
  const project = await inspectProject(runtime, options.file);
  warnOfMissing(project, options.file);
  return project.file;
}
