import type { VmHandle } from '../../hypervisor/contract.js';
import { readDisk, refuseSmaller } from '../../images/disk-tools.js';
import { ImageCache } from '../../images/image-cache.js';
import { type ImageLookup, lookUpImage } from '../../images/image-lookup.js';
import { checkBackend } from '../../pipeline/backend-fit.js';
import { checkFiles } from '../../pipeline/resolve-stage.js';
import { refuseUnregistered } from '../../state/work-dir.js';
import type { VmDefinition } from '../../vmfile/model.js';
import type { Runtime } from '../runtime.js';
import type { VmPlan } from './vm-plan.js';

/**
 * Looks for what `up` would stumble over, as far as it can be seen without doing anything, and where the image of a new
 * VM would come from; null for a VM that has its disk.
 *
 * @throws what `up` would
 */
export async function checkWay(
  runtime: Runtime,
  definition: VmDefinition,
  { action, stages }: VmPlan,
  vm: {
    /** Undefined when there is none, or none that counts. */
    readonly handle: VmHandle | undefined;
    /** Whether vms.json has a VM of that name; one that is gone is cleared away by `up`. */
    readonly isRegistered: boolean;
  },
): Promise<ImageLookup | null> {
  if (stages.includes('resolve')) {
    await checkFiles(definition);
    await checkBackend(vm.handle, definition, runtime.router);
  }
  if (action !== 'create') return null;
  const found = await lookUp(runtime, definition);
  if (!vm.isRegistered) await refuseUnregistered(runtime.dataDir.workDir(definition.name));
  return found;
}

async function lookUp(runtime: Runtime, { image, diskBytes }: VmDefinition): Promise<ImageLookup> {
  const plugins = await runtime.plugins();
  const found = await lookUpImage(image, {
    cache: new ImageCache(runtime.dataDir.images),
    sources: (scheme) => plugins.imageSource(scheme),
  });
  if (image.kind === 'path' && found.from === 'local') {
    const { path } = image;
    const { virtualSize } = await readDisk(path);
    if (diskBytes !== undefined) refuseSmaller(diskBytes, { path, virtualSize });
  }
  return found;
}
