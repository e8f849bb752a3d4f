import { createHash } from 'node:crypto';
import { readRegular } from '../host/regular-file.js';
import type { DeclaredCloudInit, DeclaredSettings } from '../hypervisor/declared-settings.js';
import type { ImageReference } from '../images/contract.js';
import { parseImageUrl, shownUrl } from '../images/image-url.js';
import type { VmDefinition } from '../vmfile/model.js';

/**
 * What the handle keeps of a definition, so that `plan` can tell what was edited since.
 *
 * @throws what reading the files of the `cloud-init` block throws
 */
export async function declaredSettings(definition: VmDefinition): Promise<DeclaredSettings> {
  return {
    image: imageSource(definition.image),
    disk_bytes: definition.diskBytes ?? null,
    cloud_init: await declaredCloudInit(definition),
    ...declaredLogin(definition),
  };
}

/** The part of it that counts from one `up` to the next; the rest stays for the life of the VM. */
export function declaredLogin({
  ssh,
}: Pick<VmDefinition, 'ssh'>): Pick<DeclaredSettings, 'ssh_user' | 'ssh_private_key'> {
  return { ssh_user: ssh.user, ssh_private_key: ssh.privateKeyPath ?? null };
}

/** The path, or the URL without secrets. */
export function imageSource(image: ImageReference): string {
  return image.kind === 'path' ? image.path : shownUrl(parseImageUrl(image.url));
}

/**
 * What a seed would be made of now.
 *
 * @throws VMCTL_SSH_KEY_MISSING, VMCTL_SSH_KEY_INVALID; what reading user-data throws
 */
export async function declaredCloudInit({
  cloudInit,
  ssh,
}: Pick<VmDefinition, 'cloudInit' | 'ssh'>): Promise<DeclaredCloudInit | null> {
  if (cloudInit === undefined) return null;
  const { hostname, sshKeyPath, userDataPath } = cloudInit;
  if (userDataPath !== undefined) {
    const digest = createHash('sha256').update(await readRegular(userDataPath));
    return { hostname, user: null, authorized_key: null, user_data: digest.digest('hex') };
  }
  return { hostname, user: ssh.user, authorized_key: await publicKey(sshKeyPath), user_data: null };
}

async function publicKey(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  const { readPublicKey } = await import('../guest/ssh-keys.js');
  return readPublicKey(path);
}
