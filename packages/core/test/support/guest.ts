import { connectGuest } from '../../src/guest/ssh-session.js';
import type { GuestSession } from '../../src/guest/contract.js';
import { openHostKeys, pinHostKey } from '../../src/guest/known-hosts.js';
import type { ConnectOptions } from '../../src/guest/ssh-login.js';
import type { Logger } from '../../src/host/logger.js';
import { join } from 'node:path';
import type { Sshd } from './sshd.js';

/** A logger that says nothing. */
export const silent: Logger = { debug() {}, child: () => silent };

/** Options that log in to a test server as a VM named `web` whose host key is pinned. */
export async function loginTo(sshd: Sshd, user = sshd.user): Promise<ConnectOptions> {
  const knownHosts = join(sshd.directory, 'known_hosts');
  await pinHostKey(knownHosts, 'web', sshd.hostKey.publicKey);
  return {
    address: sshd.address,
    user,
    keys: [{ kind: 'file', path: sshd.identityPath, privateKey: sshd.identity.privateKey }],
    hostKeys: await openHostKeys(knownHosts, 'web'),
    log: silent,
  };
}

/** Logs in to a test server. */
export async function login(sshd: Sshd, user?: string): Promise<GuestSession> {
  return connectGuest(await loginTo(sshd, user));
}
