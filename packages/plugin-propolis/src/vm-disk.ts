import type { HypervisorContext, PluginHost } from '@vmctl/core/plugin';
import { untilNotBusy } from './busy.js';
import type { HostCommands } from './host/host-commands.js';
import { toolFailure } from './host/tool-failure.js';
import type { Volume } from './host/zfs-output.js';
import type { VmRecord } from './vm-record.js';
import { BUSY_MS } from './zvol-images.js';

/** Whose disk it is. */
export interface DiskOwner {
  /** The VM's id. */
  readonly id: string;
  readonly name: string;
  readonly workDir: string;
}

interface Disks {
  readonly host: Pick<PluginHost, 'error' | 'log'>;
  readonly commands: HostCommands;
}

/**
 * Makes the disk of a VM: a clone of its base, as large as the record says. One that is there is taken when it is this
 * VM's and of the same base. What a killed vmctl has left of an earlier VM in the same work directory is replaced, and
 * what vmctl did not make is left alone.
 *
 * @throws VMCTL_PROPOLIS_DATASET_TAKEN
 */
export async function ensureDisk(
  { host, commands }: Disks,
  owner: DiskOwner,
  { dataset, base, size }: VmRecord['disk'],
  { signal }: Pick<HypervisorContext, 'signal'>,
): Promise<void> {
  const tags = { id: owner.id, source: owner.workDir };
  try {
    await commands.cloneSnapshot(base, dataset, tags, { signal });
  } catch (error) {
    if (toolFailure(error) !== 'exists') throw error;
    const found = (await commands.listVolumes({ signal })).find(({ name }) => name === dataset);
    if (found === undefined || found.source !== owner.workDir) throw taken(host, owner, dataset, error);
    if (found.vmId !== owner.id) {
      host.log.debug(`${dataset} is a left-over of ${found.vmId}`);
      await destroyVolume(commands, dataset);
      await commands.cloneSnapshot(base, dataset, tags, { signal });
    } else if (found.origin !== base) {
      throw taken(host, owner, dataset, error);
    }
  }
  await grow(commands, dataset, size, signal);
}

/** Destroys the disk of a VM when it is that VM's; another one's stays. Idempotent. */
export async function destroyDisk(
  { commands, host }: Disks,
  owner: Pick<DiskOwner, 'id' | 'name'>,
  found: Volume | undefined,
): Promise<void> {
  if (found === undefined) return;
  if (found.vmId !== owner.id) {
    host.log.debug(`${found.name} is not of ${owner.name}: it stays`);
    return;
  }
  await destroyVolume(commands, found.name);
}

/** A disk only ever grows: zfs would cut one off as well, with what is on it. */
async function grow(
  commands: HostCommands,
  dataset: string,
  size: number,
  signal: AbortSignal,
): Promise<void> {
  const found = (await commands.listVolumes({ signal })).find(({ name }) => name === dataset);
  if (found !== undefined && found.size < size) await commands.setVolumeSize(dataset, size, { signal });
}

/** Without a signal: what is begun here has to end. */
async function destroyVolume(commands: HostCommands, dataset: string): Promise<void> {
  try {
    await untilNotBusy(() => commands.destroyDataset(dataset), { timeoutMs: BUSY_MS });
  } catch (error) {
    if (toolFailure(error) !== 'missing') throw error;
  }
}

function taken(
  { error }: Pick<PluginHost, 'error'>,
  { name }: DiskOwner,
  dataset: string,
  cause: unknown,
): Error {
  return error('VMCTL_PROPOLIS_DATASET_TAKEN', {
    message: `The disk of ${name} cannot be made: there is a dataset ${dataset} that vmctl did not make for it. It was left as it is.`,
    hint: `See what it is: zfs get all ${dataset}. Move it away (zfs rename), give the VM another name, or let vmctl work elsewhere (VMCTL_PROPOLIS_DATASET).`,
    cause,
    details: { vm: name, dataset },
  });
}
