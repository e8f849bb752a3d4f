import { createHash } from 'node:crypto';
import { VmctlError } from '../errors/vmctl-error.js';
import { writeAtomic } from '../host/atomic-file.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { readRegularText } from '../host/regular-file.js';
import { keyTypeOf, parsePublicKey, type PublicKey } from './ssh-keys.js';

/**
 * The name under which a VM's host key stands in its known_hosts file.
 *
 * The port of a VM may change from one start to the next, and a guest on a bridge may get another address. Neither
 * makes it another machine, so the key is kept under this name, which `ssh -o HostKeyAlias=` looks up in place of
 * address and port.
 */
export function hostKeyAlias(vm: string): string {
  // ssh looks names up in lower case.
  return `vmctl-${vm.toLowerCase()}`;
}

/**
 * Writes a VM's known_hosts file (0600) with this host key as the only one.
 *
 * @param publicKey - `type base64`, with or without a comment
 */
export async function pinHostKey(path: string, vm: string, publicKey: string): Promise<void> {
  const [type, base64] = publicKey.trim().split(/\s+/);
  if (parsePublicKey(publicKey) === undefined) {
    throw new VmctlError('VMCTL_INTERNAL', { message: `"${publicKey}" is no host key.` });
  }
  await writeAtomic(path, `${hostKeyAlias(vm)} ${type} ${base64}\n`);
}

/** The pinned host keys of a VM; none when there is no such file. Lines for other names do not count. */
export async function readPinnedHostKeys(path: string, vm: string): Promise<readonly PublicKey[]> {
  let text: string;
  try {
    text = await readRegularText(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fsError(error, { verb: 'read', path });
  }
  const alias = hostKeyAlias(vm);
  return text.split('\n').flatMap((line) => {
    const [names, ...key] = line.trim().split(/\s+/);
    if (names === undefined || !names.split(',').includes(alias)) return [];
    const parsed = parsePublicKey(key.join(' '));
    return parsed === undefined ? [] : [parsed];
  });
}

/** Decides whether a server is the guest it should be. */
export interface HostKeyVerifier {
  /** Types of the pinned keys; the server is asked for one of them. Empty: nothing is pinned. */
  readonly types: readonly string[];
  /** @throws VMCTL_GUEST_HOST_KEY_CHANGED when other keys are pinned than the one that is shown */
  check(blob: Uint8Array): void;
  /** Called after a login: pins the key of a guest that had none (trust on first use). */
  trust(blob: Uint8Array): Promise<void>;
}

/**
 * Verifies a VM's host key strictly against its known_hosts file. Only where that file has no key for the VM, the
 * first key that leads to a successful login is pinned: guests without cloud-init bring a key that nobody knows.
 */
export async function openHostKeys(path: string, vm: string): Promise<HostKeyVerifier> {
  let pinned = await readPinnedHostKeys(path, vm);
  return {
    get types() {
      return pinned.map(({ type }) => type);
    },
    check(blob) {
      if (pinned.length > 0 && !pinned.some((key) => key.blob.equals(blob))) {
        throw hostKeyChanged({ path, vm, pinned, shown: blob });
      }
    },
    async trust(blob) {
      if (pinned.length > 0) return;
      const key = { type: keyTypeOf(blob), blob: Buffer.from(blob) };
      await pinHostKey(path, vm, `${key.type} ${key.blob.toString('base64')}`);
      pinned = [key];
    },
  };
}

/** `SHA256:…`, as ssh-keygen -l shows it. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

function hostKeyChanged(facts: {
  readonly path: string;
  readonly vm: string;
  readonly pinned: readonly PublicKey[];
  readonly shown: Uint8Array;
}): VmctlError {
  const { path, vm, pinned, shown } = facts;
  const expected = pinned.map(({ type, blob }) => `${type} ${fingerprint(blob)}`);
  const got = `${keyTypeOf(shown)} ${fingerprint(shown)}`;
  return new VmctlError('VMCTL_GUEST_HOST_KEY_CHANGED', {
    message: [
      `The SSH server that answers is not the ${vm} that vmctl knows: its host key is another one.`,
      ...expected.map((key) => `  pinned  ${key}`),
      `  shown   ${got}`,
    ].join('\n'),
    hint: `If the guest's host keys were replaced on purpose, remove ${path}; the next login pins the new key. Otherwise something else answers at that address.`,
    details: { vm, pinned: expected, shown: got, knownHosts: path },
  });
}
