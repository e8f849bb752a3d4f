import type { KeyPair } from './ssh-keys.js';

/** What the generated user-data says. */
export interface CloudConfigOptions {
  readonly hostname: string;
  /** The user that is made; `root` is the one that is there. */
  readonly user: string;
  /** Public keys that may log in, one line each. */
  readonly authorizedKeys: readonly string[];
  /** The host key that the guest's SSH server gets, so that it can be verified from the first connection on. */
  readonly hostKey: KeyPair;
}

/** Files of a NoCloud seed, but for meta-data. */
export interface SeedUserData {
  readonly 'user-data': string | Uint8Array;
  readonly 'vendor-data'?: string;
}

/**
 * User-data of a seed.
 *
 * With user-data of the user's own, its bytes are passed on unchanged, and no user and no key is added. The host key
 * then goes into vendor-data, which cloud-init merges below user-data: `ssh_keys` there replaces ours, see
 * {@link setsOwnHostKeys}.
 */
export function userDataFor(
  options: CloudConfigOptions & { readonly userData?: Uint8Array | undefined },
): SeedUserData {
  const { userData, hostKey } = options;
  if (userData === undefined) return { 'user-data': cloudConfig(generatedConfig(options)) };
  return { 'user-data': userData, 'vendor-data': cloudConfig(hostKeyConfig(hostKey)) };
}

/** Meta-data of a seed. A changed instance id makes cloud-init configure the guest anew. */
export function instanceMetaData(options: {
  readonly instanceId: string;
  readonly hostname: string;
}): string {
  return `${toYaml({ 'instance-id': options.instanceId, 'local-hostname': options.hostname })}\n`;
}

/**
 * Whether user-data decides about the SSH server's host keys itself, by `ssh_keys` or by switching vendor-data off.
 * Then our key does not reach the guest, and nothing must be pinned before the first login.
 */
export function setsOwnHostKeys(userData: Uint8Array): boolean {
  return /^[ \t]*["']?(ssh_keys|ssh_deletekeys|ssh_genkeytypes|vendor_data)["']?[ \t]*:/m.test(
    Buffer.from(userData).toString('latin1'),
  );
}

function generatedConfig({ user, authorizedKeys, hostKey }: CloudConfigOptions): Record<string, unknown> {
  const isRoot = user === 'root';
  const account = isRoot
    ? { name: user }
    : {
        name: user,
        gecos: user,
        shell: '/bin/bash',
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        lock_passwd: true,
      };
  return {
    users: [{ ...account, ssh_authorized_keys: authorizedKeys }],
    disable_root: !isRoot,
    ssh_pwauth: false,
    ...hostKeyConfig(hostKey),
    // Without an entry for its own name, sudo complains on every call.
    manage_etc_hosts: 'localhost',
    growpart: { mode: 'auto', devices: ['/'] },
    resize_rootfs: true,
  };
}

/** Only this key: others that the image brings or that cloud-init would make are known to nobody. */
function hostKeyConfig({ privateKey, publicKey }: KeyPair): Record<string, unknown> {
  return {
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: privateKey, ed25519_public: `${publicKey}\n` },
  };
}

function cloudConfig(config: Record<string, unknown>): string {
  return `#cloud-config\n${toYaml(config)}\n`;
}

/**
 * JSON is YAML, as long as it keeps to ASCII: YAML takes some characters for line breaks, and pairs of surrogate
 * escapes for two characters.
 */
function toYaml(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[^\n\x20-\x7e]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
  });
}
