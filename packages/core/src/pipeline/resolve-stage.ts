import { realpath } from 'node:fs/promises';
import { VmctlError } from '../errors/vmctl-error.js';
import { NotRegularFile, openRegular } from '../host/regular-file.js';
import { refuseSmaller } from '../images/disk-tools.js';
import type { UpContext } from '../plugins/up-context.js';
import type { VmDefinition } from '../vmfile/model.js';
import { checkBackend } from './backend-fit.js';
import type { StageServices } from './stage-services.js';

/** Looks at every file that the VM needs, and fetches its image. An existing VM keeps the disk it has. */
export async function resolveVm(ctx: UpContext, services: StageServices): Promise<void> {
  const { definition, signal, events } = ctx;
  await checkFiles(definition);
  await checkBackend(ctx.handle, definition, services.router);
  if (ctx.handle !== undefined) {
    ctx.detail = 'kept (the VM exists)';
    return;
  }
  const images = await services.images();
  const image = await images.resolve(definition.image, { vm: definition.name, signal, events });
  if (definition.diskBytes !== undefined) refuseSmaller(definition.diskBytes, image);
  const { label, origin } = image;
  // Overlays stand on the file itself: a link that leads elsewhere tomorrow must not change their disks.
  ctx.image = { ...image, path: await realpath(image.path) };
  ctx.detail = origin === 'cached' ? `${label} (cached)` : label;
}

/**
 * Looks at the files that keys and user-data of a VM are in.
 *
 * @throws VMCTL_FILE_NOT_FOUND, VMCTL_SSH_KEY_MISSING, VMCTL_SSH_KEY_INVALID
 */
export async function checkFiles(definition: VmDefinition): Promise<void> {
  const { cloudInit, ssh } = definition;
  if (cloudInit?.sshKeyPath !== undefined) {
    const { readPublicKey } = await import('../guest/ssh-keys.js');
    await readPublicKey(cloudInit.sshKeyPath);
  }
  if (cloudInit?.userDataPath !== undefined) {
    await mustBeReadable(cloudInit.userDataPath, definition.name, 'user-data', 'cloud-init');
  }
  if (ssh.privateKeyPath !== undefined) {
    await mustBeReadable(ssh.privateKeyPath, definition.name, 'private-key', 'ssh');
  }
}

async function mustBeReadable(path: string, vm: string, setting: string, block: string): Promise<void> {
  try {
    await (await openRegular(path)).close();
  } catch (cause) {
    const what = cause instanceof NotRegularFile ? cause.message : path;
    throw new VmctlError('VMCTL_FILE_NOT_FOUND', {
      message: `The file that \`${setting}\` of the ${block} block of ${vm} names cannot be read: ${what}`,
      hint: 'Paths are relative to the directory of the VMFile. Make the file, or mend the path.',
      cause,
      details: { path },
    });
  }
}
