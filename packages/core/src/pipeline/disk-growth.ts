import type { HypervisorContext, VmHandle } from '../hypervisor/contract.js';
import type { RouterHypervisor } from '../hypervisor/router.js';
import { readDisk } from '../images/disk-tools.js';
import type { VmDefinition } from '../vmfile/model.js';

const GIB = 2 ** 30;

/**
 * How large the disk of an existing VM becomes by an edited VMFile, in bytes; undefined where it does not grow, where
 * nobody knows how large it is, and where its backend cannot do it.
 */
export async function diskGrowth(
  handle: VmHandle,
  { diskBytes }: Pick<VmDefinition, 'diskBytes'>,
  router: Pick<RouterHypervisor, 'backend'>,
): Promise<number | undefined> {
  if (diskBytes === undefined) return undefined;
  const now = await sizeOf(handle);
  if (now === undefined || diskBytes <= now) return undefined;
  const { supports } = await router.backend(handle.backend, handle.backend_plugin ?? undefined);
  return supports.growDisk === true ? diskBytes : undefined;
}

/** An existing VM that is about to start, its disk as large as the VMFile says now. */
export async function withGrownDisk(
  handle: VmHandle,
  definition: VmDefinition,
  router: RouterHypervisor,
  ctx: HypervisorContext,
): Promise<VmHandle> {
  const bytes = await diskGrowth(handle, definition, router);
  if (bytes === undefined) return handle;
  // A process that has failed still has the disk open; the stage `start` would end it as well.
  if ((await router.state(handle, ctx)).name === 'failed') await router.stop(handle, { timeoutMs: 0 }, ctx);
  const grown = await router.growDisk(handle, bytes, ctx);
  const { declared } = grown;
  return declared === undefined ? grown : { ...grown, declared: { ...declared, disk_bytes: bytes } };
}

async function sizeOf({ declared, disk_gb: gib, image_path: image }: VmHandle): Promise<number | undefined> {
  if (declared === undefined) return gib === null ? undefined : Math.ceil(gib) * GIB;
  if (declared.disk_bytes !== null) return declared.disk_bytes;
  if (typeof image !== 'string') return undefined;
  // An image that cannot be read any more tells nothing.
  return readDisk(image).then(
    ({ virtualSize }) => virtualSize,
    () => undefined,
  );
}
