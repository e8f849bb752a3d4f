import { join } from 'node:path';
import { isVmctlError, VmctlError } from '../errors/vmctl-error.js';
import { agentHolds } from './ssh-agent.js';
import { encryptedKey, invalidKey, parsePrivateKey, parsePublicKey, readKeyFile } from './ssh-keys.js';

/** A key to offer to the guest. */
export type LoginKey =
  | { readonly kind: 'file'; readonly path: string; readonly privateKey: string }
  /** A key that an agent signs with; without `publicBlob`, whatever the agent holds. */
  | {
      readonly kind: 'agent';
      readonly socket: string;
      /** The key file that the agent stands in for. */
      readonly path: string | undefined;
      readonly publicBlob: Uint8Array | undefined;
    };

/** Where keys may be. All paths are absolute. */
export interface LoginKeyOptions {
  /** `--key`. */
  readonly flagKey?: string | undefined;
  /** `private-key` of the VMFile. */
  readonly declaredKey?: string | undefined;
  /** The pair that vmctl made for the VM; the file need not exist. */
  readonly generatedKey?: string | undefined;
  readonly homeDir: string;
  /** `$SSH_AUTH_SOCK`. */
  readonly agentSocket?: string | undefined;
}

/** The user's own keys, as `reference/vmfile` orders them. */
const HOME_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * The keys to log in with, best first: `--key`, `private-key` of the VMFile, the generated one, the user's own, and
 * last whatever the user's agent holds. A key with a passphrase is used through the agent.
 *
 * @throws VMCTL_SSH_KEY_MISSING when a key that was named does not exist, or when there is no key at all
 * @throws VMCTL_SSH_KEY_INVALID when a key that was named is none
 * @throws VMCTL_SSH_KEY_ENCRYPTED when a key that was named has a passphrase and the agent does not hold it
 */
export async function loginKeys(options: LoginKeyOptions): Promise<readonly LoginKey[]> {
  const { agentSocket } = options;
  const keys: LoginKey[] = [];
  for (const { path, named } of candidates(options)) {
    const key = await openKey(path, named, agentSocket);
    if (key !== undefined) keys.push(key);
  }
  if (agentSocket !== undefined && agentSocket !== '') {
    keys.push({ kind: 'agent', socket: agentSocket, path: undefined, publicBlob: undefined });
  }
  if (keys.length === 0) {
    throw new VmctlError('VMCTL_SSH_KEY_MISSING', {
      message: `There is no private key to log in with: no --key, no private-key in the VMFile, no generated key, and none of ${HOME_KEYS.join(', ')} in ${join(options.homeDir, '.ssh')} that can be used without a passphrase.`,
      hint: 'Name one with --key or `ssh { private-key "…" }`, or load one into ssh-agent with ssh-add.',
    });
  }
  return keys;
}

/**
 * The key files of {@link loginKeys}, for programs that read keys themselves (and may ask for a passphrase).
 *
 * @throws VMCTL_SSH_KEY_MISSING, VMCTL_SSH_KEY_INVALID for a key that was named
 */
export async function loginKeyPaths(options: LoginKeyOptions): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const { path, named } of candidates(options)) {
    const text = await readCandidate(path, named);
    if (text === undefined) continue;
    const parsed = await parsePrivateKey(text);
    if (parsed.kind !== 'unusable' || parsed.publicBlob !== undefined) paths.push(path);
    else if (named) throw unusable(path, text, parsed.reason);
  }
  return paths;
}

interface Candidate {
  readonly path: string;
  /** Whether the user named it: then it has to work. */
  readonly named: boolean;
}

function candidates(options: LoginKeyOptions): readonly Candidate[] {
  const all = [
    { path: options.flagKey, named: true },
    { path: options.declaredKey, named: true },
    { path: options.generatedKey, named: false },
    ...HOME_KEYS.map((name) => ({ path: join(options.homeDir, '.ssh', name), named: false })),
  ];
  const seen = new Set<string>();
  return all.flatMap(({ path, named }) => {
    if (path === undefined || seen.has(path)) return [];
    seen.add(path);
    return [{ path, named }];
  });
}

async function openKey(
  path: string,
  named: boolean,
  agentSocket: string | undefined,
): Promise<LoginKey | undefined> {
  const text = await readCandidate(path, named);
  if (text === undefined) return undefined;
  const parsed = await parsePrivateKey(text);
  if (parsed.kind === 'usable') return { kind: 'file', path, privateKey: text };
  const publicBlob = parsed.publicBlob ?? (await publicHalf(path));
  if (publicBlob !== undefined && agentSocket !== undefined && (await agentHolds(agentSocket, publicBlob))) {
    return { kind: 'agent', socket: agentSocket, path, publicBlob };
  }
  if (!named) return undefined;
  throw parsed.kind === 'encrypted' ? encryptedKey(path) : unusable(path, text, parsed.reason);
}

async function readCandidate(path: string, named: boolean): Promise<string | undefined> {
  try {
    return await readKeyFile(path);
  } catch (error) {
    if (named || !isVmctlError(error)) throw error;
    return undefined;
  }
}

/** The public key file beside a private one, for formats that keep nothing in the clear. */
async function publicHalf(path: string): Promise<Buffer | undefined> {
  const text = await readCandidate(`${path}.pub`, false);
  return text === undefined ? undefined : parsePublicKey(text)?.blob;
}

function unusable(path: string, text: string, reason: string): VmctlError {
  const isPublic = parsePublicKey(text) !== undefined;
  return invalidKey(
    path,
    reason,
    isPublic && path.endsWith('.pub') ? `Use its private half: ${path.slice(0, -'.pub'.length)}` : undefined,
  );
}
