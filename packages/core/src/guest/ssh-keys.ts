import { generateKeyPair as generateCryptoKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { VmctlError } from '../errors/vmctl-error.js';
import { shellWord } from '../errors/shell-word.js';
import { errnoOf } from '../host/fs-error.js';
import { NotRegularFile, openRegular } from '../host/regular-file.js';

/** An SSH key pair in OpenSSH's own text formats. */
export interface KeyPair {
  /** `-----BEGIN OPENSSH PRIVATE KEY-----` …, without a passphrase, with a final newline. Belongs into a 0600 file. */
  readonly privateKey: string;
  /** One line, `ssh-ed25519 AAAA… comment`, without a newline. */
  readonly publicKey: string;
}

/** Key types that an OpenSSH server of today accepts in `authorized_keys`. */
const PUBLIC_KEY_TYPES = new Set([
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]);

/** How a private key in OpenSSH's own format starts, in base64. */
const OPENSSH_MAGIC = 'openssh-key-v1\0';

/** No key file comes near it; a disk image given by mistake is not read to its end. */
const MAX_KEY_FILE_BYTES = 64 * 1024;

/**
 * Makes a new Ed25519 key pair. The comment is one line.
 *
 * ssh2 could do this as well, but about one in 200 of the keys that its version 1.17.0 makes is malformed.
 */
export async function generateKeyPair(comment: string): Promise<KeyPair> {
  const { privateKey } = await promisify(generateCryptoKeyPair)('ed25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const [seed, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  const type = wireString('ssh-ed25519');
  const label = comment.replace(/\s+/g, ' ').trim();
  const publicBlob = Buffer.concat([type, wireString(point)]);

  // PROTOCOL.key of OpenSSH; the same number twice is how a decryption is checked.
  const check = randomBytes(4);
  const secret = [check, check, publicBlob, wireString(Buffer.concat([seed, point])), wireString(label)];
  const length = Buffer.concat(secret).length;
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (length % 8)) % 8);
  const container = Buffer.concat([
    Buffer.from(OPENSSH_MAGIC),
    wireString('none'),
    wireString('none'),
    wireString(''),
    Buffer.from([0, 0, 0, 1]),
    wireString(publicBlob),
    wireString(Buffer.concat([...secret, padding])),
  ]);
  const lines = container.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`,
    publicKey: `ssh-ed25519 ${publicBlob.toString('base64')} ${label}`.trim(),
  };
}

/** A string of SSH's wire format: its length and its bytes. */
function wireString(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/**
 * The public key that belongs to a private one, as `type base64`.
 *
 * @throws VMCTL_SSH_KEY_ENCRYPTED when it has a passphrase
 * @throws VMCTL_SSH_KEY_INVALID when it is no private key
 */
export async function derivePublicKey(privateKey: string, path = 'the private key'): Promise<string> {
  const key = await parsePrivateKey(privateKey);
  if (key.kind === 'encrypted') throw encryptedKey(path);
  if (key.kind === 'unusable') throw invalidKey(path, key.reason);
  return `${key.type} ${key.publicBlob.toString('base64')}`;
}

/**
 * Reads a public key file (`id_ed25519.pub`) and returns its one line.
 *
 * @throws VMCTL_SSH_KEY_MISSING when there is no such file
 * @throws VMCTL_SSH_KEY_INVALID when it holds something else, a private key for example
 */
export async function readPublicKey(path: string): Promise<string> {
  const text = await readKeyFile(path);
  if (isPrivateKey(text)) {
    throw invalidKey(
      path,
      'it is a private key, and a public one is needed',
      `Use its public half: ${path}.pub`,
    );
  }
  if (text.includes('BEGIN SSH2 PUBLIC KEY')) {
    const convert = `Convert it: ssh-keygen -i -f ${shellWord(path)}`;
    throw invalidKey(path, 'it is in the format of RFC 4716, not in that of OpenSSH', convert);
  }
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [line] = lines;
  if (line === undefined || parsePublicKey(line) === undefined) {
    const hint =
      'A public key file has one line such as `ssh-ed25519 AAAA… name`; ssh-keygen writes it as *.pub.';
    throw invalidKey(path, 'it is not a public SSH key', hint);
  }
  if (lines.length > 1) throw invalidKey(path, `it holds ${lines.length} lines, and one key is needed`);
  return line;
}

/** A public key, taken apart. */
export interface PublicKey {
  readonly type: string;
  /** The key in SSH's wire format. */
  readonly blob: Buffer;
}

/** Reads `type base64 [comment]`; undefined when it is nothing of the kind. */
export function parsePublicKey(line: string): PublicKey | undefined {
  const [type, base64] = line.trim().split(/\s+/);
  if (type === undefined || base64 === undefined || !PUBLIC_KEY_TYPES.has(type)) return undefined;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const blob = Buffer.from(base64, 'base64');
  return keyTypeOf(blob) === type && blob.length > type.length + 8 ? { type, blob } : undefined;
}

/** The type that a key in SSH's wire format names first. */
export function keyTypeOf(blob: Uint8Array): string {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (bytes.length < 4) return '';
  return bytes.toString('latin1', 4, 4 + Math.min(bytes.readUInt32BE(0), 64));
}

/** What a private key file turned out to be. */
export type ParsedPrivateKey =
  | { readonly kind: 'usable'; readonly type: string; readonly publicBlob: Buffer }
  /** `publicBlob` where the file says it in the clear. */
  | { readonly kind: 'encrypted'; readonly publicBlob: Buffer | undefined }
  /** Not a private key, or of a kind that only an agent can use. */
  | { readonly kind: 'unusable'; readonly reason: string; readonly publicBlob: Buffer | undefined };

/** Looks at the text of a private key file. */
export async function parsePrivateKey(text: string): Promise<ParsedPrivateKey> {
  if (!isPrivateKey(text)) {
    const reason =
      parsePublicKey(text) === undefined
        ? 'it is not a private SSH key'
        : 'it is a public key, and a private one is needed';
    return { kind: 'unusable', reason, publicBlob: undefined };
  }
  const { default: ssh2 } = await import('ssh2');
  const parsed: unknown = ssh2.utils.parseKey(text);
  // The types of ssh2 leave out that a file may hold several keys.
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (isParsedKey(key)) return { kind: 'usable', type: key.type, publicBlob: key.getPublicSSH() };
  const reason = key instanceof Error ? key.message : 'it holds no key';
  const publicBlob = publicBlobOf(text);
  if (/passphrase|encrypted/i.test(reason)) return { kind: 'encrypted', publicBlob };
  return { kind: 'unusable', reason: `it cannot be read (${reason})`, publicBlob };
}

function isParsedKey(value: unknown): value is { type: string; getPublicSSH(): Buffer } {
  return typeof value === 'object' && value !== null && 'getPublicSSH' in value && !(value instanceof Error);
}

/** Whether a text is a private key in PEM, in OpenSSH's or in PuTTY's format. */
export function isPrivateKey(text: string): boolean {
  return /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text) || text.startsWith('PuTTY-User-Key-File');
}

/** The public half that OpenSSH's format keeps unencrypted (PROTOCOL.key of OpenSSH). */
function publicBlobOf(text: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  if (body === undefined) return undefined;
  const bytes = Buffer.from(body, 'base64');
  let offset = OPENSSH_MAGIC.length;
  const next = (): Buffer => {
    const length = bytes.readUInt32BE(offset);
    const value = bytes.subarray(offset + 4, offset + 4 + length);
    offset += 4 + length;
    return value;
  };
  try {
    next(); // cipher
    next(); // key derivation
    next(); // its options
    offset += 4; // number of keys
    return next();
  } catch {
    return undefined;
  }
}

/**
 * Reads a key file as text.
 *
 * @throws VMCTL_SSH_KEY_MISSING, VMCTL_SSH_KEY_INVALID
 */
export async function readKeyFile(path: string): Promise<string> {
  try {
    const file = await openRegular(path);
    try {
      const buffer = Buffer.alloc(MAX_KEY_FILE_BYTES + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      if (bytesRead > MAX_KEY_FILE_BYTES) throw invalidKey(path, 'it is far too large for a key');
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof NotRegularFile) throw invalidKey(path, `it is ${error.kind}`);
    switch (errnoOf(error)) {
      case 'ENOENT':
      case 'ENOTDIR':
        throw new VmctlError('VMCTL_SSH_KEY_MISSING', {
          message: `There is no SSH key at ${path}.`,
          hint: `Mend the path, or make a key: ssh-keygen -t ed25519 -f ${shellWord(path.replace(/\.pub$/, ''))}`,
          cause: error,
          details: { path },
        });
      case 'EACCES':
      case 'EPERM':
        throw invalidKey(path, 'it may not be read', `See who owns it: ls -l ${shellWord(path)}`);
      default:
        throw error;
    }
  }
}

/** An error about a key file that cannot be used for what it was given. */
export function invalidKey(path: string, reason: string, hint?: string): VmctlError {
  return new VmctlError('VMCTL_SSH_KEY_INVALID', {
    message: `The SSH key ${path} cannot be used: ${reason}.`,
    hint,
    details: { path },
  });
}

/** An error about a key file that needs a passphrase, which vmctl never asks for. */
export function encryptedKey(path: string): VmctlError {
  return new VmctlError('VMCTL_SSH_KEY_ENCRYPTED', {
    message: `The SSH key ${path} is protected by a passphrase, and no ssh-agent that vmctl can reach holds it.`,
    hint: `Load it into your agent and try again: ssh-add ${shellWord(path)}`,
    details: { path },
  });
}
