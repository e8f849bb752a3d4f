import { resolve } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { sshArguments } from '../guest/ssh-command.js';
import { readPinnedHostKeys } from '../guest/known-hosts.js';
import { loginKeyPaths } from '../guest/login-keys.js';
import { workDirFiles } from '../state/work-dir-files.js';
import { requireVms } from './each-vm.js';
import type { Runtime } from './runtime.js';

export interface SshOptions {
  readonly name: string;
  /** Words of a command to run in place of a shell; joined by blanks, as ssh does. */
  readonly command?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A command line for the system's ssh. */
export interface SshCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * The command line that logs in to a running VM, with its pinned host key and its own key.
 *
 * @throws VMCTL_VM_UNKNOWN
 * @throws VMCTL_VM_NOT_RUNNING with the command that starts it
 * @throws VMCTL_GUEST_UNREACHABLE when the backend knows no address
 */
export async function ssh(runtime: Runtime, options: SshOptions): Promise<SshCommand> {
  const [handle] = await requireVms(runtime, [options.name]);
  if (handle === undefined) throw new VmctlError('VMCTL_INTERNAL', { message: 'No VM was looked up.' });
  const context = runtime.hypervisorContext(options.signal ?? new AbortController().signal);
  const { name: state } = await runtime.router.state(handle, context);
  if (state !== 'running') {
    throw new VmctlError('VMCTL_VM_NOT_RUNNING', {
      message: `${handle.name} is ${state}; only a running VM can be logged in to.`,
      hint: 'Start it: vmctl up',
    });
  }
  const address = await runtime.router.guestAddress(handle, context);
  if (address.kind === 'none') {
    throw new VmctlError('VMCTL_GUEST_UNREACHABLE', {
      message: `${handle.name} cannot be reached over SSH: ${address.reason}.`,
      hint: 'Use `network "user"` in the VMFile, which forwards a port of this machine.',
    });
  }
  const files = workDirFiles(handle.work_dir);
  const keyPaths = await loginKeyPaths({
    flagKey: options.key === undefined ? undefined : resolve(runtime.cwd, options.key),
    declaredKey: handle.ssh_private_key ?? undefined,
    generatedKey: files.privateKey,
    homeDir: runtime.homeDir,
    agentSocket: runtime.env['SSH_AUTH_SOCK'],
  });
  const pinned = await readPinnedHostKeys(files.knownHosts, handle.name);
  return {
    file: 'ssh',
    args: sshArguments({
      vm: handle.name,
      address,
      user: options.user ?? handle.ssh_user ?? 'vm',
      keyPaths,
      knownHostsPath: files.knownHosts,
      command: options.command,
      pinned: pinned.length > 0,
    }),
  };
}
