import { VmctlError } from '../errors/vmctl-error.js';
import { OutputTail } from '../host/output-tail.js';
import type { TransferOptions } from './contract.js';
import { type RemoteExit, type RemoteScriptOptions, runScript } from './remote-command.js';
import { quote } from './remote-script.js';
import type { SshConnection } from './ssh-connection.js';

/** Exit status of a script of ours that may not do what it should, and has no sudo either. */
const DENIED = 77;
const STDERR_BYTES = 16 * 1024;

/** Something to do with one path in the guest. */
export interface FileTask {
  /** For people: `write`, `read`, `make the directory`, `remove`. */
  readonly verb: string;
  readonly path: string;
  /**
   * Statements that succeed when the login user may do it; `$path` is the path, `$nearest` the directory that it is
   * in, or the next one above that exists.
   */
  readonly allowed: string;
  /** Statements that do it, perhaps as root; `$path` is the path, `$1` … are the arguments. */
  readonly body: string;
  readonly args?: readonly string[];
  readonly sudo?: TransferOptions['sudo'];
}

/**
 * Does something with a path, as the login user or through `sudo -n`.
 *
 * `~/` stands for the login user's home directory, and relative paths start there. Any name is taken as it is: with
 * blanks, quotes, line ends, leading dashes.
 *
 * @throws VMCTL_GUEST_PERMISSION_DENIED when neither the user nor sudo may do it
 * @throws VMCTL_GUEST_TRANSFER_FAILED on any other failure, with what the guest said
 */
export async function runFileTask(
  connection: SshConnection,
  task: FileTask,
  options: RemoteScriptOptions & { readonly isFine?: (exit: RemoteExit, stderr: string) => boolean } = {},
): Promise<void> {
  if (task.path === '') throw failed(connection, task, 'the path is empty');
  const stderr = new OutputTail(STDERR_BYTES);
  const exit = await runScript(connection, scriptOf(task), {
    ...options,
    onStderr: (chunk) => stderr.push(chunk),
  });
  const said = stderr.text().trim();
  if (exit.exitCode === 0 || options.isFine?.(exit, said) === true) return;
  if (exit.exitCode === DENIED || /permission denied|operation not permitted/i.test(said)) {
    throw denied(connection, task, said);
  }
  const how = exit.signal === null ? `exit status ${exit.exitCode}` : `ended by ${exit.signal}`;
  throw failed(connection, task, said === '' ? how : said);
}

function scriptOf({ path, allowed, body, args = [], sudo = 'auto' }: FileTask): string {
  return `path=${quote(path)}
case $path in
  '~') path=$HOME ;;
  '~/'*) path=$HOME/\${path#??} ;;
  -*) path=./$path ;;
esac
nearest=$path
while [ ! -d "$nearest" ]; do
  case $nearest in
    */*) nearest=\${nearest%/*} ; nearest=\${nearest:-/} ;;
    *) nearest=. ;;
  esac
done
allowed() {
${allowed}
}
how=${sudo}
if [ $how = auto ] && allowed; then how=never; fi
body=${quote(body)}
set -- ${args.map(quote).join(' ')}
if [ $how != never ] && [ "$(id -u)" != 0 ]; then
  sudo -n true >/dev/null || exit ${DENIED}
  exec sudo -n sh -c "path=\\$1; shift; $body" sh "$path" "$@"
fi
eval "$body"`;
}

/** Makes a directory and its parents. */
export function makeDirectory(
  connection: SshConnection,
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const allowed = '[ -d "$path" ] || { [ -w "$nearest" ] && [ -x "$nearest" ]; }';
  const task = { verb: 'make the directory', path, allowed, body: 'exec mkdir -p "$path"' };
  return runFileTask(connection, task, options);
}

/** Removes a file; a missing one is fine. */
export function removeFile(
  connection: SshConnection,
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  // In a sticky directory only the owner of a file removes it.
  const allowed = `[ -x "$nearest" ] || return 1
[ -e "$path" ] || [ -L "$path" ] || return 0
[ -w "$nearest" ] && { [ ! -k "$nearest" ] || [ -O "$path" ]; }`;
  return runFileTask(connection, { verb: 'remove', path, allowed, body: 'exec rm -f "$path"' }, options);
}

function denied(connection: SshConnection, { verb, path, sudo }: FileTask, said: string): VmctlError {
  const without = sudo === 'never' ? '' : ', neither itself nor through sudo';
  const place = `Choose a place that the user may ${verb === 'read' ? 'read' : 'write to'}`;
  return new VmctlError('VMCTL_GUEST_PERMISSION_DENIED', {
    message: `The user "${connection.user}" may not ${verb} ${path} in the guest${without}.${said === '' ? '' : `\n${said}`}`,
    hint:
      sudo === 'never'
        ? `${place}, or let sudo be used.`
        : `${place}, or give the user passwordless sudo, as the generated cloud-config does.`,
    details: { path, user: connection.user },
  });
}

function failed(connection: SshConnection, { verb, path }: FileTask, why: string): VmctlError {
  const { vm, address } = connection;
  const where = vm ?? `the guest at ${address.host}:${address.port}`;
  return new VmctlError('VMCTL_GUEST_TRANSFER_FAILED', {
    message: `Cannot ${verb} ${path === '' ? '""' : path} in ${where}: ${why}`,
    hint: /tar: (command )?not found/.test(why)
      ? 'Directories are copied with tar; install it in the guest first.'
      : undefined,
    details: { path },
  });
}
