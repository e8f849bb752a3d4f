import { VmctlError } from '../errors/vmctl-error.js';
import { shellWord } from '../errors/shell-word.js';

/**
 * The one command that is ever sent to a guest's login shell, whichever that is: it reads a script from the first
 * line of its input and runs it with the POSIX shell. What follows that line is the input of the script.
 *
 * So nothing has to be quoted for login shells, which differ (csh takes `!` and line ends even in quotes), there is
 * no limit on a script's length, and no value shows up in the guest's list of processes.
 */
export const SCRIPT_RUNNER = `exec sh -c 'IFS= read -r vmctl_script && eval "$(printf %b "$vmctl_script")"'`;

/** A script as that first line: everything but plain characters as octal escapes of printf's `%b`. */
export function scriptLine(script: string): Buffer {
  const bytes = Buffer.from(script);
  let line = '';
  let start = 0;
  for (const [index, byte] of bytes.entries()) {
    if (byte >= 0x20 && byte < 0x7f && byte !== 0x5c) continue;
    line += bytes.toString('latin1', start, index) + `\\0${byte.toString(8).padStart(3, '0')}`;
    start = index + 1;
  }
  return Buffer.from(`${line}${bytes.toString('latin1', start)}\n`, 'latin1');
}

/** A word for the POSIX shell that stands for exactly this text. */
export function quote(text: string): string {
  if (text.includes('\0')) {
    throw new VmctlError('VMCTL_GUEST_COMMAND_INVALID', {
      message: `A command for a guest cannot hold a NUL character: ${JSON.stringify(text.slice(0, 80))}`,
    });
  }
  return shellWord(text);
}

/** Statements that set variables for what follows. */
export function exports(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        throw new VmctlError('VMCTL_GUEST_COMMAND_INVALID', {
          message: `"${name}" cannot be the name of an environment variable.`,
          hint: 'A name has letters, digits and underscores, and does not start with a digit.',
        });
      }
      return `export ${name}=${quote(value)}\n`;
    })
    .join('');
}

/**
 * A script that runs a command. A text goes to the user's login shell as it is. Words are run as one command; the
 * shell gives way to it, so that its signals and its exit are the command's own.
 */
export function commandScript(
  command: string | readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  if (typeof command === 'string') {
    // bash reads ~/.bashrc when sshd starts it, which has happened; on the second level it does not.
    return `export SHLVL=1\n${exports(env)}exec "\${SHELL:-/bin/sh}" -c ${quote(command)}`;
  }
  if (command.length === 0) {
    throw new VmctlError('VMCTL_GUEST_COMMAND_INVALID', { message: 'A command for a guest has no words.' });
  }
  // A builtin of the shell (`command -v`) cannot be its successor.
  return `${exports(env)}set -- ${command.map(quote).join(' ')}
case $(command -v -- "$1") in */*) exec "$@" ;; esac
"$@"`;
}

/**
 * A script that ends a session of the guest: every process whose session leader is `leader`, first with SIGTERM, two
 * seconds later with SIGKILL. What belongs to root is ended through sudo where that is possible. It ends when nothing
 * is left of the session, with exit status 1 when something withstands SIGKILL for four seconds.
 *
 * `kill -s TERM --` is what every shell takes: dash has no `kill -TERM --`, and without `--` a group is an option.
 *
 * The guest's clock counts, not the rounds: in a busy guest a single one can take as long as ten do otherwise.
 *
 * sshd makes each command the leader of a session of its own. Process groups alone would miss what starts a group
 * of its own, `timeout` for example. A daemon that has left the session is left alone.
 */
export function endSessionScript(leader: number): string {
  return `leader=${leader}
members() {
  for stat in /proc/[0-9]*/stat; do
    IFS= read -r line 2>/dev/null <"$stat" || continue
    pid=\${line%% *}
    set -- \${line##*) }
    if [ "$4" = "$leader" ] && [ "$1" != Z ]; then echo "$pid"; fi
  done 2>/dev/null
}
clock() {
  IFS=' .' read -r seconds hundredths rest 2>/dev/null </proc/uptime || { seconds=$(date +%s) hundredths=00; }
  now=$seconds$hundredths
}
for signal in TERM KILL; do
  clock
  if [ $signal = TERM ]; then end=$((now + 200)); else end=$((now + 400)); fi
  told=no
  while :; do
    pids=$(members)
    if [ -z "$pids" ]; then
      [ -e /proc/self/stat ] && exit 0
      pids=-$leader
      kill -s 0 -- "$pids" 2>/dev/null || exit 0
    fi
    if [ $told = no ] || [ $signal = KILL ]; then
      kill -s $signal -- $pids 2>/dev/null || sudo -n kill -s $signal -- $pids 2>/dev/null
      told=yes
    fi
    sleep 0.1 2>/dev/null || sleep 1
    clock
    [ $now -lt $end ] || break
  done
done
exit 1`;
}
