import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readRegularText } from '../../host/regular-file.js';
import type { VmHandle } from '../../hypervisor/contract.js';
import { parseRecord } from '../../images/image-record.js';
import { diskGrowth } from '../../pipeline/disk-growth.js';
import { declaredCloudInit, imageSource } from '../../pipeline/declared-settings.js';
import { machineDefaults } from '../../pipeline/machine-defaults.js';
import type { VmDefinition } from '../../vmfile/model.js';
import { defaultBridge } from '../effective-settings.js';
import type { Runtime } from '../runtime.js';
import { otherVmFile } from './other-vmfile.js';
import type { SettingFacts } from './settings.js';

/** Looks up what comparing a VM with its definition needs. Changes nothing; what cannot be read is not compared. */
export async function settingFacts(
  runtime: Runtime,
  handle: VmHandle,
  definition: VmDefinition,
  vmfile: string | undefined,
): Promise<SettingFacts> {
  const [other, growth, realPath, base, cloudInit, backend] = await Promise.all([
    otherVmFile(handle, vmfile),
    diskGrowth(handle, definition, runtime.router),
    realPathOf(definition),
    baseOf(runtime, handle),
    declaredCloudInit(definition).catch(() => undefined),
    runtime.router.backend(handle.backend, handle.backend_plugin ?? undefined),
  ]);
  return {
    image: { source: imageSource(definition.image), realPath },
    base,
    cloudInit,
    vmfile: { own: vmfile, other },
    defaults: machineDefaults(backend.supports, defaultBridge(runtime)),
    diskGrows: growth !== undefined,
    liveForwards: backend.supports.liveForwards === true,
  };
}

async function realPathOf({ image }: VmDefinition): Promise<string | undefined> {
  return image.kind === 'path' ? realpath(image.path).catch(() => undefined) : undefined;
}

/** What a VM was made from; the cache remembers it for VMs of older versions too. */
async function baseOf(
  runtime: Runtime,
  { declared, image_path: path }: VmHandle,
): Promise<SettingFacts['base']> {
  if (typeof path !== 'string') return { source: declared?.image, sha256: undefined };
  const { images } = runtime.dataDir;
  // Handles have paths without links.
  const isOfCache = [images, await realpath(images).catch(() => images)].includes(dirname(path));
  const record = isOfCache ? parseRecord(await readRegularText(`${path}.json`).catch(() => '')) : undefined;
  return {
    source: declared?.image ?? record?.url ?? (isOfCache ? undefined : path),
    sha256: record?.sha256,
  };
}
