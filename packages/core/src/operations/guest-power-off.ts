import { hasCode, VmctlError } from '../errors/vmctl-error.js';
import type { GuestSession } from '../guest/contract.js';
import type { VmHandle } from '../hypervisor/contract.js';
import { openGuest } from './guest-login.js';
import type { Runtime } from './runtime.js';

/** Users do not have the directories of system programs in PATH everywhere. */
const POWER_OFF = [
  'PATH=$PATH:/usr/sbin:/sbin',
  'if [ "$(id -u)" = 0 ]; then exec poweroff; else exec sudo -n poweroff; fi',
].join('; ');

/**
 * Logs in to a guest and tells it to power off.
 *
 * @throws what {@link openGuest} and {@link tellToPowerOff} throw
 */
export async function powerOffGuest(
  runtime: Runtime,
  { name }: Pick<VmHandle, 'name'>,
  signal: AbortSignal,
): Promise<void> {
  const session = await openGuest(runtime, name, { signal });
  try {
    await tellToPowerOff(session, name, signal);
  } finally {
    await session.end();
  }
}

/**
 * Tells a guest to power off. A connection that is lost meanwhile is what comes of a guest that obeys.
 *
 * @throws VMCTL_GUEST_PERMISSION_DENIED when the user may not
 */
export async function tellToPowerOff(
  session: GuestSession,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { exitCode, stderr } = await session.exec(['sh', '-c', POWER_OFF], { signal });
    // A signal (null) comes from the end of the guest.
    if (exitCode === 0 || exitCode === null) return;
    throw new VmctlError('VMCTL_GUEST_PERMISSION_DENIED', {
      message: `${name} did not take the order to power off: ${stderr.trim() || `exit code ${exitCode}`}`,
      hint: `The user ${session.user} needs \`sudo\` without a password there.`,
      details: { vm: name, user: session.user, exitCode },
    });
  } catch (error) {
    if (!hasCode(error, 'VMCTL_GUEST_DISCONNECTED')) throw error;
  }
}
