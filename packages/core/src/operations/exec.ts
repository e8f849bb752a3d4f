import { VmctlError } from '../errors/vmctl-error.js';
import type { GuestExecOptions, GuestExecResult } from '../guest/contract.js';
import { requireVms } from './each-vm.js';
import { type LoginOptions, openGuest } from './guest-login.js';
import type { Runtime } from './runtime.js';

export interface ExecOptions
  extends LoginOptions, Pick<GuestExecOptions, 'env' | 'stdin' | 'onStdout' | 'onStderr' | 'signal'> {
  readonly name: string;
  /** Program and arguments; each arrives as it is, no shell takes it apart. */
  readonly command: readonly string[];
  /** Where the command starts; default, and where relative paths start: the login user's home directory. */
  readonly workdir?: string | undefined;
  /** Called when the guest is logged in to: what takes time from now on is the command. */
  readonly onLogin?: (() => void) | undefined;
}

/** Changes to the directory `$1` and gives way to the rest. */
const IN_DIRECTORY = `case $1 in
  '~') cd ;;
  '~/'*) cd -- "$HOME/\${1#??}" ;;
  *) cd -- "$1" ;;
esac || exit
shift
exec "$@"`;

/**
 * Runs a command in a running VM to its end. A non-zero exit is a result, not an error; an abort ends the command in
 * the guest.
 *
 * @throws VMCTL_VM_UNKNOWN, VMCTL_VM_NOT_RUNNING
 * @throws VMCTL_GUEST_COMMAND_INVALID for no command, and for what cannot be the name of a variable
 * @throws VMCTL_GUEST_* when the login fails or the connection is lost
 */
export async function execInGuest(runtime: Runtime, options: ExecOptions): Promise<GuestExecResult> {
  const { name, command, workdir, env, stdin, onStdout, onStderr, signal } = options;
  if (command.length === 0) {
    // A name that no VM has may be the command.
    await requireVms(runtime, [name]);
    throw new VmctlError('VMCTL_GUEST_COMMAND_INVALID', {
      message: `There is no command to run in ${name}.`,
      hint: `Name one: vmctl exec ${name} -- uname -a. For a shell: vmctl ssh ${name}`,
    });
  }
  const session = await openGuest(runtime, name, options);
  options.onLogin?.();
  try {
    const words = workdir === undefined ? command : ['sh', '-c', IN_DIRECTORY, 'sh', workdir, ...command];
    return await session.exec(words, { env, stdin, onStdout, onStderr, signal });
  } finally {
    await session.end();
  }
}
