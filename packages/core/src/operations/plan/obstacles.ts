import { ImageCache } from '../../images/image-cache.js';
import { type ImageLookup, lookUpImage } from '../../images/image-lookup.js';
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
  /** Whether vms.json has a VM of that name; one that is gone is cleared away by `up`. */
  isRegistered: boolean,
): Promise<ImageLookup | null> {
  if (stages.includes('resolve')) await checkFiles(definition);
  if (action !== 'create') return null;
  if (!isRegistered) await refuseUnregistered(runtime.dataDir.workDir(definition.name));
  await runtime.router.backend(runtime.router.choose({ declared: definition.backend }));
  const plugins = await runtime.plugins();
  return lookUpImage(definition.image, {
    cache: new ImageCache(runtime.dataDir.images),
    sources: (scheme) => plugins.imageSource(scheme),
  });
}
