import { access } from 'node:fs/promises';
import type { VmDefinition } from '../vmfile/model.js';

/**
 * The private key that the user chose for a VM: `--key`, `private-key`, or the one beside the public key that
 * `ssh-key` names. Undefined when nothing was chosen.
 */
export async function declaredKey(
  { ssh, cloudInit }: VmDefinition,
  login: { readonly key?: string | undefined },
): Promise<string | undefined> {
  const chosen = login.key ?? ssh.privateKeyPath;
  if (chosen !== undefined) return chosen;
  const publicKey = cloudInit?.sshKeyPath;
  if (publicKey === undefined || !publicKey.endsWith('.pub')) return undefined;
  const sibling = publicKey.slice(0, -'.pub'.length);
  // Only the public half may be here, and an agent or hardware token hold the other one.
  return access(sibling).then(
    () => sibling,
    () => undefined,
  );
}
