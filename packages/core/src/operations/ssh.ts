import { sshArguments } from '../guest/ssh-command.js';
import { type LoginOptions, runningGuest, sshCommandOptions } from './guest-login.js';
import type { Runtime } from './runtime.js';

export interface SshOptions extends LoginOptions {
  readonly name: string;
  /** Words of a command to run in place of a shell; joined by blanks, as ssh does. */
  readonly command?: readonly string[] | undefined;
  /** Whether the command gets a terminal; default: only a login shell does. */
  readonly tty?: boolean | undefined;
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
  const guest = await runningGuest(runtime, options.name, options.signal);
  const login = await sshCommandOptions(runtime, guest, options);
  return { file: 'ssh', args: sshArguments({ ...login, command: options.command, tty: options.tty }) };
}
