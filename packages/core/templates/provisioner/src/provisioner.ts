import type { ProvisionContext, Provisioner } from '@vmctl/core/plugin';

/** A `provision "template-word"` node, read and checked. */
export interface LinesConfig {
  /** In the guest, absolute. */
  readonly path: string;
  readonly lines: readonly string[];
}

/** Adds the lines that a file does not have, and makes the file when there is none. `$1` is its path. */
const ADD_LINES = `set -eu
path=$1
shift
sudo=
if [ -e "$path" ]; then target=$path; else target=$(dirname -- "$path"); fi
[ -w "$target" ] || sudo='sudo -n'
for line do
  if $sudo grep -qxF -e "$line" -- "$path" 2>/dev/null; then
    printf 'there: %s\\n' "$line"
  else
    printf '%s\\n' "$line" | $sudo tee -a -- "$path" >/dev/null
    printf 'added: %s\\n' "$line"
  fi
done`;

/** Makes sure that a file of the guest has certain lines. Running it again changes nothing. */
export const provisioner: Provisioner<LinesConfig> = {
  type: 'template-word',

  // Reads the node. What is wrong is recorded with its place and never thrown, so that the user sees all problems of a
  // VMFile at once; what is not read here ("lien") vmctl refuses by itself.
  decode(node) {
    const path = node.string('path', { required: true, check: absolute });
    const lines = node.strings('line') ?? [];
    if (!node.has('line')) {
      node.problem('provision "template-word" needs at least one "line"', { hint: 'Add one: line "…"' });
    }
    for (const line of lines) {
      if (line.includes('\n')) {
        node.problem('a "line" is one line', {
          at: { kind: 'setting', name: 'line' },
          hint: 'Write several: line "one" "two"',
        });
      }
    }
    // With a problem recorded, what is returned is never used.
    return { path: path ?? '', lines };
  },

  // Does the step. It may run on a guest where it ran before: look first, then change.
  async run({ path, lines }, ctx) {
    // As an array, every argument reaches the guest as it is; nothing needs to be quoted.
    await runInGuest(['sh', '-c', ADD_LINES, 'sh', path, ...lines], ctx);
  },
};

function absolute(path: string): string | undefined {
  return path.startsWith('/') ? undefined : `must be an absolute path in the guest, not "${path}"`;
}

/** Runs a command, shows what it prints, and fails when it fails. */
async function runInGuest(command: readonly string[], ctx: ProvisionContext): Promise<void> {
  const { guest, output, signal } = ctx;
  const result = await guest.exec(command, {
    onStdout: (chunk) => output.stdout(chunk),
    onStderr: (chunk) => output.stderr(chunk),
    // Ctrl-C ends the command in the guest, too.
    signal,
  });
  if (result.exitCode === 0) return;
  // `ctx.error` makes what vmctl shows to the user as it is. Codes are stable and begin with a word of your own.
  throw ctx.error('TEMPLATE_WORD_FAILED', {
    message:
      result.exitCode === null
        ? `The command was ended by ${result.signal}.`
        : `The command failed with exit code ${result.exitCode}: ${result.stderr.trim()}`,
    hint: `Look at the guest: vmctl ssh ${ctx.vm.name}`,
    details: { exitCode: result.exitCode },
  });
}
