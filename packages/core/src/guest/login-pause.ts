import { hasCode } from '../errors/vmctl-error.js';

/** As long as a pause between two attempts may be where nothing speaks for a longer one. */
const POLL_MS = 100;

/**
 * Milliseconds to wait after a failed login.
 *
 * From 9.8 on, OpenSSH shuts an address out for a while once its failures add up to 15 seconds of penalty
 * (PerSourcePenalties in sshd_config(5)): five for a refused login, one for a client that leaves before it logs in,
 * as vmctl does when the host key is the wrong one. Penalties expire with time, so slower attempts stay below it.
 */
export function loginPause(failure: {
  readonly error: unknown;
  /** The server's greeting. */
  readonly server: string;
  /** How many logins have failed so far. */
  readonly failures: number;
}): number {
  const { error, server, failures } = failure;
  if (!hasPenalties(server) || failures <= 2) return POLL_MS;
  if (hasCode(error, 'VMCTL_GUEST_AUTH_FAILED')) return 5_500;
  return hasCode(error, 'VMCTL_GUEST_HOST_KEY_CHANGED') ? 1_500 : POLL_MS;
}

function hasPenalties(server: string): boolean {
  const version = /OpenSSH_(\d+)\.(\d+)/.exec(server);
  if (version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > 9 || (major === 9 && minor >= 8);
}
