import { resolve } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { loginKeyPaths, type LoginKeyOptions } from '../guest/login-keys.js';
import type { GuestSession } from '../guest/contract.js';
import { readPinnedHostKeys } from '../guest/known-hosts.js';
import type { SshCommandOptions } from '../guest/ssh-command.js';
import type { GuestAddress, VmHandle } from '../hypervisor/contract.js';
import { isAddressFoundLater } from '../hypervisor/guest-network.js';
import { workDirFiles } from '../state/work-dir-files.js';
import { requireVms } from './each-vm.js';
import type { Runtime } from './runtime.js';
import { startAdvice } from './start-advice.js';

/** How a VM is logged in to, where that differs from what its VMFile says. */
export interface LoginOptions {
  readonly user?: string | undefined;
  /** Path of a private key; relative ones start at the working directory. */
  readonly key?: string | undefined;
}

/** A VM that runs, and where its SSH server is. */
export interface RunningGuest {
  readonly handle: VmHandle;
  readonly address: Extract<GuestAddress, { kind: 'tcp' }>;
}

/** Without `user` in the VMFile, the one that the generated cloud-config makes. */
const DEFAULT_USER = 'vm';

/**
 * Looks a running VM up that has an address.
 *
 * @throws VMCTL_VM_UNKNOWN
 * @throws VMCTL_VM_NOT_RUNNING with the command that starts it
 * @throws VMCTL_GUEST_UNREACHABLE when the backend knows no address
 */
export async function runningGuest(
  runtime: Runtime,
  name: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<RunningGuest> {
  const [handle] = await requireVms(runtime, [name]);
  if (handle === undefined) throw new VmctlError('VMCTL_INTERNAL', { message: 'No VM was looked up.' });
  const context = runtime.hypervisorContext(signal);
  const { name: state } = await runtime.router.state(handle, context);
  if (state !== 'running') {
    throw new VmctlError('VMCTL_VM_NOT_RUNNING', {
      message: `${handle.name} is ${state}; only a running VM can be logged in to.`,
      hint: startAdvice(handle.name, state),
    });
  }
  const address = await runtime.router.guestAddress(handle, context);
  if (address.kind === 'none') throw unreachable(handle, address.reason);
  return { handle, address };
}

/** The error for a VM without an address. */
export function unreachable(handle: VmHandle, reason: string): VmctlError {
  return new VmctlError('VMCTL_GUEST_UNREACHABLE', {
    message: `${handle.name} cannot be reached over SSH: ${reason}.`,
    hint: isAddressFoundLater(handle.network)
      ? `Wait until it has booted: vmctl wait ${handle.name}. If its address is always the same, say it in the VMFile: network "${handle.network.type}" address="…".`
      : 'Use `network "user"` in the VMFile, which forwards a port of this machine.',
  });
}

/** What the system's ssh is told to log in to a guest. */
export async function sshCommandOptions(
  runtime: Runtime,
  { handle, address }: RunningGuest,
  options: LoginOptions = {},
): Promise<SshCommandOptions> {
  const { knownHosts } = workDirFiles(handle.work_dir);
  const pinned = await readPinnedHostKeys(knownHosts, handle.name);
  return {
    vm: handle.name,
    address,
    user: userOf(handle, options),
    keyPaths: await loginKeyPaths(keyOptions(runtime, handle, options)),
    knownHostsPath: knownHosts,
    pinned: pinned.length > 0,
  };
}

/**
 * Logs in to a running VM. Whoever calls ends the session.
 *
 * @throws what {@link runningGuest} throws, VMCTL_SSH_KEY_* and VMCTL_GUEST_* when the login fails
 */
export async function openGuest(
  runtime: Runtime,
  name: string,
  options: LoginOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<GuestSession> {
  const { handle, address } = await runningGuest(runtime, name, options.signal);
  const [{ connectGuest }, { openHostKeys }, { loginKeys }] = await Promise.all([
    import('../guest/ssh-session.js'),
    import('../guest/known-hosts.js'),
    import('../guest/login-keys.js'),
  ]);
  return connectGuest({
    vm: name,
    address,
    user: userOf(handle, options),
    keys: await loginKeys(keyOptions(runtime, handle, options)),
    hostKeys: await openHostKeys(workDirFiles(handle.work_dir).knownHosts, handle.name),
    signal: options.signal,
    log: runtime.log.child(handle.name),
  });
}

function userOf(handle: VmHandle, { user }: LoginOptions): string {
  return user ?? handle.ssh_user ?? DEFAULT_USER;
}

function keyOptions(runtime: Runtime, handle: VmHandle, { key }: LoginOptions): LoginKeyOptions {
  return {
    flagKey: key === undefined ? undefined : resolve(runtime.cwd, key),
    declaredKey: handle.ssh_private_key ?? undefined,
    generatedKey: workDirFiles(handle.work_dir).privateKey,
    homeDir: runtime.homeDir,
    agentSocket: runtime.env['SSH_AUTH_SOCK'],
  };
}
