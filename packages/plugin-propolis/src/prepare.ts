import type { HypervisorContext, VmHandle, VmSpec } from '@vmctl/core/plugin';
import type { Parts } from './parts.js';
import { findBootrom, findServer } from './programs.js';
import { readSettings } from './settings.js';
import { refuseImpossible } from './spec/instance-spec.js';
import { refusePlatform, refuseUnsupported } from './supports.js';
import { destroyDisk, ensureDisk } from './vm-disk.js';
import { removeRecord, type VmRecord, writeRecord } from './vm-record.js';
import { LOOPBACK } from './vm-server.js';
import { deleteVnic, ensureVnic, planVnic } from './vnic.js';
import { volumeSize } from './zvol-images.js';

/**
 * Makes what a VM needs to start: the image as a volume, which stays for other VMs, a clone of it, and the VNIC. What
 * the host lacks is said before anything is made; all is made, or nothing.
 */
export async function prepareVm(parts: Parts, spec: VmSpec, ctx: HypervisorContext): Promise<VmHandle> {
  const { host, commands, images } = parts;
  const { signal } = ctx;
  signal.throwIfAborted();
  refuseUnsupported(host, spec);
  refuseImpossible(host.error, spec);
  refusePlatform(host);
  const settings = await readSettings(host);
  await findServer(host, settings);
  await findBootrom(host, settings);
  const size = wantedSize(parts, spec);

  const { workDir, name, id, network } = spec;
  const owner = { id, name, workDir };
  const planned = await planVnic({ host, commands }, { name, workDir, network }, settings, ctx);
  const port = await host.ports.free(LOOPBACK);
  let record: VmRecord | undefined;
  try {
    const disk = await images.withBase(spec.image, ctx, async (base) => {
      const wanted: VmRecord['disk'] = {
        dataset: `${settings.dataset}/vms/${name}`,
        base: base.snapshot,
        size: Math.max(base.size, size),
      };
      record = { disk: wanted, vnic: planned, booted: false, run: null };
      await writeRecord(host, workDir, record);
      await ensureDisk({ host, commands }, owner, wanted, ctx);
      return wanted;
    });
    const vnic = planned === null ? null : await ensureVnic({ host, commands }, owner, planned, ctx);
    record = await writeRecord(host, workDir, { disk, vnic, booted: false, run: null });
    signal.throwIfAborted();
    return handleOf(parts, spec, record, port);
  } catch (error) {
    if (record !== undefined) await undo(parts, owner, record);
    throw error;
  }
}

function handleOf({ host }: Parts, spec: VmSpec, { disk, vnic }: VmRecord, port: number): VmHandle {
  return {
    ...host.newHandle(spec),
    // A volume is no file: who looks into overlays for the images below them may not even open it.
    overlay_path: null,
    mac_addr: vnic?.macAddress ?? null,
    zvol: disk.dataset,
    vnic: vnic?.link ?? null,
    propolis_port: port,
  };
}

/** Each step by itself: one that fails must not keep the others from being undone, nor hide the error. */
async function undo(
  { host, commands }: Parts,
  owner: { readonly id: string; readonly name: string; readonly workDir: string },
  { disk, vnic }: VmRecord,
): Promise<void> {
  const steps = [
    () => deleteVnic(commands, vnic, owner.workDir),
    async () => {
      const found = await commands.findVolume(disk.dataset);
      await destroyDisk({ host, commands }, owner, found);
    },
    () => removeRecord(owner.workDir),
  ];
  for (const step of steps) {
    await step().catch((error: unknown) => host.log.debug(`something of ${owner.name} is left`, error));
  }
}

function wantedSize({ host }: Parts, { name, image, diskBytes }: VmSpec): number {
  if (diskBytes !== undefined && diskBytes < image.virtualSize) {
    throw host.error('VMCTL_DISK_TOO_SMALL', {
      message: `The disk of ${name} is to have ${diskBytes} bytes, and its image has ${image.virtualSize} already; a disk cannot shrink.`,
      hint: 'Make `disk` in the VMFile at least as large, or leave it out.',
      details: { vm: name, diskBytes, imageBytes: image.virtualSize },
    });
  }
  return volumeSize(diskBytes ?? image.virtualSize);
}
