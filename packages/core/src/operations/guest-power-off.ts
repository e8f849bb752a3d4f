import { hasCode, VmctlError } from '../errors/vmctl-error.js';
import type { VmHandle } from '../hypervisor/contract.js';
import { openGuest } from './guest-login.js';
import type { Runtime } from './runtime.js';

/** Users do not have the directories of system programs in PATH everywhere. */
const POWER_OFF = [
  'PATH=$PATH:/usr/sbin:/sbin',
  'if [ "$(id -u)" = 0 ]; then exec poweroff; else exec sudo -n poweroff; fi',
].join('; ');

/**
 * Logs in to a guest and tells it to power off. A connection that is lost meanwhile is what a guest does that obeys.
 *
 * @throws what {@link openGuest} throws; VMCTL_GUEST_PERMISSION_DENIED when the user may not
 */
export async function powerOffGuest(
  runtime: Runtime,
  { name }: Pick<VmHandle, 'name'>,
  signal: AbortSignal,
): Promise<void> {
  const session = await openGuest(runtime, name, { signal });
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
  } finally {
    await session.end();
  }
}
