import type { GuestExecResult, ProvisionContext, Provisioner } from '@vmctl/core/plugin';
import { withGuestScript } from './guest-script.js';
import { shortPath } from './local-path.js';
import { checkScript } from './script-file.js';
import { decodeShell, type ShellConfig } from './shell-config.js';
import { codeOf } from './thrown.js';

/**
 * Gives a text to bash where the guest has it, else to sh. `-e` ends it at the first command that fails: a step must
 * not count as done when only its last line was.
 */
const RUN_INLINE =
  'if command -v bash >/dev/null 2>&1; then exec bash -e -c -- "$@"; else exec sh -e -c -- "$@"; fi';

/** `provision "shell"`: commands or a script, run in the guest by the login user. */
export const shell: Provisioner<ShellConfig> = {
  type: 'shell',
  decode: decodeShell,

  async inputs({ source }) {
    return source.kind === 'script' ? [{ kind: 'file', path: source.path }] : [];
  },

  async run(config, ctx) {
    const { source, args } = config;
    if (source.kind === 'inline') {
      // What follows the text are its $0 and its arguments.
      return runWords(['sh', '-c', RUN_INLINE, 'sh', source.text, ctx.step.name, ...args], config, ctx);
    }
    const complaint = checkScript(source.path, ctx.baseDir);
    if (complaint !== undefined) throw ctx.error('VMCTL_SHELL_SCRIPT_INVALID', complaint);
    return withGuestScript(ctx, source.path, (remotePath) => runWords([remotePath, ...args], config, ctx));
  },
};

async function runWords(
  words: readonly string[],
  config: ShellConfig,
  ctx: ProvisionContext,
): Promise<{ readonly exitCode: number }> {
  const { guest, signal, output } = ctx;
  const what = config.source.kind === 'script' ? 'the script' : 'the command';
  const command = commandLine(config, ctx.baseDir);
  let result: GuestExecResult;
  try {
    result = await guest.exec(words, {
      env: config.env,
      onStdout: (chunk) => output.stdout(chunk),
      onStderr: (chunk) => output.stderr(chunk),
      signal,
    });
  } catch (error) {
    if (signal.aborted || codeOf(error) !== 'VMCTL_GUEST_DISCONNECTED') throw error;
    throw ctx.error('VMCTL_SHELL_DISCONNECTED', {
      message: `the connection to the guest was lost while ${what} ran.`,
      hint:
        `A step that reboots the guest cannot succeed: restart it with \`vmctl down\` and \`vmctl up\` instead. ` +
        `Otherwise see what happened to it: vmctl log ${ctx.vm.name} --console`,
      cause: error,
      details: { command },
    });
  }
  const { exitCode, signal: endedBy } = result;
  if (exitCode === 0) return { exitCode };
  const hint = exitCode === null ? undefined : hintFor(exitCode, config);
  throw ctx.error('VMCTL_SHELL_FAILED', {
    message:
      exitCode === null
        ? `${what} was ended by the signal ${endedBy ?? 'unknown'}.`
        : `${what} ended with exit code ${exitCode}.`,
    ...(hint === undefined ? {} : { hint }),
    details: { command, exitCode, signal: endedBy },
  });
}

/** What the shell of the guest means by it. */
function hintFor(exitCode: number, { source }: ShellConfig): string | undefined {
  if (source.kind === 'inline') {
    return exitCode === 127 ? 'A command was not found in the guest; its name is in the output.' : undefined;
  }
  if (exitCode === 126) {
    return 'The script could not be executed: is /tmp of the guest mounted with "noexec"?';
  }
  return exitCode === 127
    ? 'A command was not found in the guest, or the interpreter that the first line of the script names.'
    : undefined;
}

const MAX_COMMAND = 200;

/** The step as one line for people. */
function commandLine({ source, args }: ShellConfig, baseDir: string): string {
  if (source.kind === 'script') return [shortPath(source.path, baseDir), ...args].join(' ');
  const [first = '', ...more] = source.text.trim().split('\n');
  const line = first.slice(0, MAX_COMMAND);
  return more.length > 0 || line.length < first.length ? `${line} …` : line;
}
