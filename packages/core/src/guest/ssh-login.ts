import { connect as connectSocket, type Socket } from 'node:net';
import type { AnyAuthMethod } from 'ssh2';
import { asError, VmctlError } from '../errors/vmctl-error.js';
import { errnoOf } from '../host/fs-error.js';
import type { Logger } from '../host/logger.js';
import type { GuestSession } from './contract.js';
import type { HostKeyVerifier } from './known-hosts.js';
import type { LoginKey } from './login-keys.js';
import { agentFor } from './ssh-agent.js';
import { commandFor, SshConnection } from './ssh-connection.js';

/** How a guest is logged in to. */
export interface ConnectOptions {
  /** The name of the VM, for errors. */
  readonly vm?: string | undefined;
  readonly address: GuestSession['address'];
  readonly user: string;
  /** Offered one after the other. */
  readonly keys: readonly LoginKey[];
  readonly hostKeys: HostKeyVerifier;
  readonly signal?: AbortSignal | undefined;
  /** From the first packet to the login; default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** A connection that exists already, with the server's greeting still unread. */
  readonly socket?: Socket | undefined;
  readonly log: Logger;
}

/** A guest that does not answer for a minute is gone; one that is only busy gets that long. */
const KEEPALIVE = { keepaliveInterval: 15_000, keepaliveCountMax: 4 };
const LOGIN_MS = 30_000;

/** By preference; a pinned key's own go first, so that a server with several keys shows the one that is pinned. */
const HOST_KEY_ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

/**
 * Connects and logs in.
 *
 * @throws VMCTL_GUEST_UNREACHABLE when no SSH server answers
 * @throws VMCTL_GUEST_HOST_KEY_CHANGED when another server answers than the pinned one
 * @throws VMCTL_GUEST_AUTH_FAILED when it refuses every key
 * @throws the signal's reason on abort
 */
export async function openConnection(options: ConnectOptions): Promise<SshConnection> {
  const { address, user, hostKeys, signal, timeoutMs = LOGIN_MS, log } = options;
  signal?.throwIfAborted();
  const { default: ssh2 } = await import('ssh2');
  const offers = await authMethods(options);
  signal?.throwIfAborted();

  // Small packets (window adjustments) must not wait for the server's acknowledgement of earlier ones.
  const socket = options.socket ?? connectSocket({ host: address.host, port: address.port, noDelay: true });
  const client = new ssh2.Client();
  const tried: string[] = [];
  let shown: Buffer | undefined;
  let refusal: Error | undefined;
  const settled = new AbortController();

  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (error: SshError): void => {
        // An agent that cannot sign with one key may with the next.
        if (error.level === 'agent') log.debug('the ssh-agent failed', error.message);
        else reject(refusal ?? explain(error, tried, options));
      };
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true, signal: settled.signal });
      client.once('ready', resolve);
      client.on('error', fail);
      client.once('close', () => fail(new Error('the server closed the connection')));
      if (socket.destroyed) return fail(new Error('the connection was closed'));
      client.connect({
        sock: socket,
        username: user,
        readyTimeout: timeoutMs,
        ...KEEPALIVE,
        algorithms: {
          serverHostKey: hostKeyAlgorithms(hostKeys.types),
          compress: ['none'],
        },
        hostVerifier: (key: Buffer) => {
          shown = key;
          try {
            hostKeys.check(key);
            return true;
          } catch (error) {
            refusal = asError(error);
            return false;
          }
        },
        // ssh2 asks again after each refusal; false ends the attempt.
        authHandler: (_left, _partial, next) => {
          const offer = offers[tried.length];
          if (offer === undefined) return next(false as never);
          tried.push(offer.label);
          return next(offer.method);
        },
      });
    });
    const connection = new SshConnection(client, socket, options);
    if (shown !== undefined) await hostKeys.trust(shown);
    log.debug('logged in', { user, ...address });
    return connection;
  } catch (error) {
    client.destroy();
    socket.destroy();
    throw error;
  } finally {
    settled.abort();
  }
}

/** Errors of ssh2 say at which stage they happened; those by which a server takes its leave have a number. */
interface SshError extends Error {
  readonly level?: string;
  readonly code?: unknown;
}

interface Offer {
  readonly label: string;
  readonly method: AnyAuthMethod;
}

async function authMethods({ keys, user: username }: ConnectOptions): Promise<readonly Offer[]> {
  return Promise.all(
    keys.map(async (key): Promise<Offer> => {
      if (key.kind === 'file') {
        return { label: key.path, method: { type: 'publickey', username, key: key.privateKey } };
      }
      const agent = await agentFor(key.socket, key.publicBlob);
      const label = key.path === undefined ? 'the keys of your ssh-agent' : `${key.path} (in your ssh-agent)`;
      return { label, method: { type: 'agent', username, agent } };
    }),
  );
}

/** RSA keys have algorithms of other names than their type. */
function hostKeyAlgorithms(pinned: readonly string[]): (typeof HOST_KEY_ALGORITHMS)[number][] {
  const isPinned = (algorithm: string): boolean =>
    pinned.includes(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return HOST_KEY_ALGORITHMS.toSorted((a, b) => Number(isPinned(b)) - Number(isPinned(a)));
}

/** Why there is no login. */
function explain(error: SshError, tried: readonly string[], { vm, address, user }: ConnectOptions): Error {
  const where = `${address.host}:${address.port}`;
  const isRefusal =
    error.level === 'client-authentication' || (tried.length > 0 && typeof error.code === 'number');
  if (isRefusal) {
    const keys = tried.map((label) => `  ${label}`).join('\n');
    return new VmctlError('VMCTL_GUEST_AUTH_FAILED', {
      message: `The guest at ${where} refused the login as "${user}" with:\n${keys}`,
      hint: 'Check the user (`ssh { user "…" }`, --user) and the key (`ssh { private-key "…" }`, --key): the guest has to know both.',
      cause: error,
      details: { user, keys: tried, address: where },
    });
  }
  const why = reasonOf(error);
  return new VmctlError('VMCTL_GUEST_UNREACHABLE', {
    message: `No SSH connection to ${where}: ${why}.`,
    hint: `See whether the VM runs and what its console says: ${commandFor(vm, 'status')}, ${commandFor(vm, 'log', '--console')}`,
    cause: error,
    details: { address: where },
  });
}

function reasonOf(error: SshError): string {
  switch (errnoOf(error)) {
    case 'ECONNREFUSED':
      return 'the connection was refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was broken off';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to the guest';
    case 'ETIMEDOUT':
      return 'the guest does not answer';
    default:
      return error.level === 'client-timeout'
        ? 'the SSH server did not finish the login in time'
        : error.message;
  }
}
