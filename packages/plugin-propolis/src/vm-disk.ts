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
 * @throws VMCTL_PROPOLIS_DATASET_TAKEN, and VMCTL_PROPOLIS_DISK_MISSING without the base
 */
export async function ensureDisk(
  disks: Disks,
  owner: DiskOwner,
  { dataset, base, size }: VmRecord['disk'],
  { signal }: Pick<HypervisorContext, 'signal'>,
): Promise<void> {
  const { host, commands } = disks;
  const tags = { id: owner.id, source: owner.workDir };
  const before = await commands.findVolume(dataset, { signal });
  if (before !== undefined && before.vmId !== owner.id && before.source === owner.workDir) {
    host.log.debug(`${dataset} is a left-over of ${before.vmId}`);
    await destroyVolume(commands, dataset);
  } else if (before !== undefined) {
    mustBeOwn(disks, owner, { dataset, base }, before);
  }
  try {
    await commands.cloneSnapshot(base, dataset, tags, { signal });
  } catch (error) {
    const failure = toolFailure(error);
    if (failure === 'missing') throw baseGone(disks, owner, base, error);
    if (failure !== 'exists') throw error;
  }
  // With `-p` zfs takes any dataset of that name for the one that it was to make.
  const made = await commands.findVolume(dataset, { signal });
  mustBeOwn(disks, owner, { dataset, base }, made);
  if (made !== undefined && made.size < size) await commands.setVolumeSize(dataset, size, { signal });
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

/** The error for a VM whose image went with the last disk that stood on it. */
function baseGone({ host: { error } }: Disks, { name }: DiskOwner, base: string, cause: unknown): Error {
  return error('VMCTL_PROPOLIS_DISK_MISSING', {
    message: `The disk of ${name} cannot be made: the image that it is to be a copy of is gone: ${base}.`,
    hint: `Make the VM anew: vmctl destroy ${name}, then vmctl up`,
    cause,
    details: { vm: name, base },
  });
}

/** The error for a VM whose guest has run, and whose disk is nowhere. */
export function diskGone({ error }: Pick<PluginHost, 'error'>, { name }: Pick<DiskOwner, 'name'>): Error {
  return error('VMCTL_PROPOLIS_DISK_MISSING', {
    message: `${name} cannot start: it has no disk any more.`,
    hint: `Make it anew: vmctl destroy ${name}, then vmctl up`,
    details: { vm: name },
  });
}

/** Without a signal: what is begun here has to end. */
async function destroyVolume(commands: HostCommands, dataset: string): Promise<void> {
  try {
    await untilNotBusy(() => commands.destroyDataset(dataset), { timeoutMs: BUSY_MS });
  } catch (error) {
    if (toolFailure(error) !== 'missing') throw error;
  }
}

/** @throws VMCTL_PROPOLIS_DATASET_TAKEN for a volume that is not the VM's clone of that base */
function mustBeOwn(
  { host: { error } }: Disks,
  { id, name }: DiskOwner,
  { dataset, base }: Pick<VmRecord['disk'], 'dataset' | 'base'>,
  found: Volume | undefined,
): void {
  if (found?.vmId === id && found.origin === base) return;
  const what =
    found?.vmId === id
      ? `the dataset ${dataset} is there, and is a clone of ${found.origin ?? 'nothing'}, not of ${base}`
      : `there is a dataset ${dataset} that vmctl did not make for it`;
  throw error('VMCTL_PROPOLIS_DATASET_TAKEN', {
    message: `The disk of ${name} cannot be made: ${what}. It was left as it is.`,
    hint: `See what it is: zfs get all ${dataset}. Move it away (zfs rename), give the VM another name, or let vmctl work elsewhere (VMCTL_PROPOLIS_DATASET).`,
    details: { vm: name, dataset, origin: found?.origin ?? null, wanted: base },
  });
}
