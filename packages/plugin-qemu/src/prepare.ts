import { rm } from 'node:fs/promises';
import type { PluginHost, VmHandle, VmSpec } from '@vmctl/core/plugin';
import { findFirmware } from './firmware.js';
import { refuseUnsupported } from './machine.js';
import { findQemu } from './qemu-binary.js';
import { copyVariables, workFiles } from './work-files.js';

/** Makes the disk, and for UEFI the variables. What the host lacks is said before anything is made. */
export async function prepareVm(host: PluginHost, spec: VmSpec, signal: AbortSignal): Promise<VmHandle> {
  signal.throwIfAborted();
  refuseUnsupported(host, spec);
  await findQemu(host);
  const firmware = spec.firmware === 'uefi' ? await findFirmware(host) : undefined;
  const { overlay, variables, qmpSocket, consoleSocket } = workFiles(spec.workDir);
  await host.disks.createOverlay({
    base: spec.image,
    overlayPath: overlay,
    sizeBytes: spec.diskBytes,
    signal,
  });
  try {
    if (firmware !== undefined) await copyVariables(firmware.templatePath, variables, host.files);
    signal.throwIfAborted();
  } catch (error) {
    await Promise.all([rm(overlay, { force: true }), rm(variables, { force: true })]);
    throw error;
  }
  return {
    ...host.newHandle(spec),
    overlay_path: overlay,
    qmp_socket: qmpSocket,
    console_socket: consoleSocket,
  };
}
