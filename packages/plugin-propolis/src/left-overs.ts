import { access } from 'node:fs/promises';
import { linkNameFor } from './host/link-name.js';
import type { Parts } from './parts.js';

/** The names that vmctl gives to VNICs by itself. */
const OWN_VNIC = /^vmctl[1-9]\d{8}$/;

/** What is on the host for VMs that are gone. */
export interface LeftOvers {
  readonly volumes: readonly string[];
  readonly vnics: readonly string[];
}

/**
 * Looks for what a killed vmctl has left of VMs: disks whose work directory is gone, and VNICs under a name that vmctl
 * chooses for which there is no disk. Disks carry their work directories, so those of other users are known as well.
 */
export async function findLeftOvers(
  { commands }: Pick<Parts, 'commands'>,
  dataset: string,
  signal: AbortSignal,
): Promise<LeftOvers> {
  const disks = (await commands.listVolumes({ signal })).filter(({ vmId }) => vmId !== undefined);
  const isGone = await Promise.all(disks.map(({ source }) => isMissing(source)));
  const used = new Set(disks.map(({ source }) => (source === undefined ? '' : linkNameFor(source))));
  const vnics = (await commands.listVnics({ signal })).map(({ link }) => link);
  return {
    volumes: disks
      .filter(({ name }, index) => isGone[index] === true && name.startsWith(`${dataset}/vms/`))
      .map(({ name }) => name),
    vnics: vnics.filter((link) => OWN_VNIC.test(link) && !used.has(link)),
  };
}

/** A directory of another user that cannot be looked into counts as there. */
async function isMissing(path: string | undefined): Promise<boolean> {
  if (path === undefined) return false;
  return access(path).then(
    () => false,
    (error: unknown) =>
      typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT',
  );
}
