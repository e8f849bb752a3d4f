import type { CloudInitDefinition, SshDefinition } from './model.js';
import type { NodeReader } from './node-reader.js';
import { integerKind, pathKind, show, type ValueKind } from './value-kinds.js';

export const DEFAULT_USER = 'vm';
export const DEFAULT_TIMEOUT_SECONDS = 120;
const LONGEST_TIMEOUT_SECONDS = 24 * 60 * 60;

const secondsKind: ValueKind<number> = { ...integerKind, example: String(DEFAULT_TIMEOUT_SECONDS) };

/** The `cloud-init` block, where there is one. */
export function readCloudInit(vm: NodeReader, vmName: string): CloudInitDefinition | undefined {
  const node = vm.child('cloud-init');
  if (node === undefined) return undefined;
  const hostname = node.string('hostname', { check: checkHostname }) ?? vmName;
  const sshKeyPath = node.setting('ssh-key', publicKeyPathKind(node));
  const userDataPath = node.path('user-data');
  if (node.has('ssh-key') && node.has('user-data')) {
    node.problem('"ssh-key" has no effect beside "user-data": vmctl then adds no user and no key', {
      at: { kind: 'setting', name: 'ssh-key' },
      hint: 'Put the key into the user-data file, or leave out "user-data".',
    });
  }
  return { hostname, sshKeyPath, userDataPath };
}

/** The `ssh` block, with defaults where there is none. */
export function readSsh(vm: NodeReader, defaultTimeoutSeconds = DEFAULT_TIMEOUT_SECONDS): SshDefinition {
  const node = vm.child('ssh');
  return {
    declared: node !== undefined,
    user: node?.string('user', { check: checkUser }) ?? DEFAULT_USER,
    privateKeyPath: node?.path('private-key', { check: checkPrivateKey }),
    timeoutSeconds: node?.setting('timeout', secondsKind, { check: checkTimeout }) ?? defaultTimeoutSeconds,
  };
}

/** The path of a public key; the key itself is a common mistake. */
function publicKeyPathKind(node: NodeReader): ValueKind<string> {
  const kind = pathKind(node.pathRoots);
  return {
    ...kind,
    read(value, written) {
      if (typeof value === 'string' && /^(ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+\s/.test(value)) {
        return {
          wrong: 'must be the path of a public key file, and is a key',
          hint: 'Write the key to a file, and its path here.',
        };
      }
      return kind.read(value, written);
    },
  };
}

/** RFC 1123, and the 64 characters that Linux can hold. */
export function checkHostname(name: string): string | undefined {
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
  if (name.length <= 64 && new RegExp(`^${label}(?:\\.${label})*$`, 'i').test(name)) return undefined;
  return `must be a host name (letters, digits, "-" and ".", at most 64), not ${show(name)}`;
}

export function checkUser(name: string): string | undefined {
  if (/^[a-z_][a-z0-9_.-]{0,31}$/i.test(name)) return undefined;
  return `must be a user name (1 to 32 letters, digits, ".", "_" and "-"), not ${show(name)}`;
}

function checkPrivateKey(path: string): string | undefined {
  return path.endsWith('.pub')
    ? 'must be the private key, and not the public one, which ends in .pub'
    : undefined;
}

function checkTimeout(seconds: number): string | undefined {
  if (seconds >= 1 && seconds <= LONGEST_TIMEOUT_SECONDS) return undefined;
  return `must be from 1 to ${LONGEST_TIMEOUT_SECONDS} seconds, not ${seconds}`;
}
