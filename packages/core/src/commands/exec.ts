import { Args, Flags } from '@oclif/core';
import { constants } from 'node:os';
import { BaseCommand, sharedFlags } from '../cli/base-command.js';
import { omittedName, unknownName } from '../cli/omitted-name.js';
import { Waiting } from '../cli/waiting.js';
import { EXIT, NOT_RUN } from '../errors/registry.js';
import { VmctlError } from '../errors/vmctl-error.js';
import type { GuestExecResult } from '../guest/contract.js';
import { writerTo } from '../ui/stream-pressure.js';

export default class Exec extends BaseCommand {
  static override summary = 'Run a command in a VM.';
  static override description = `The words of the command reach the guest as they are, blanks, quotes and all: there is no shell unless the command is one. Its output comes byte for byte, its exit status is passed on (128 + N when signal N ended it; 255 when vmctl could not run it), and it reads this command's input when that is not a terminal. Ctrl-C ends it in the guest.

It has no terminal; for programs that need one use \`vmctl ssh\`. With --json the result is one document, with the last 64 KiB of each output.`;
  static override usage = '<%= command.id %> [NAME] [FLAGS] -- COMMAND...';
  static override examples = [
    { description: 'A command', command: '<%= config.bin %> exec web -- systemctl is-active nginx' },
    {
      description: 'With a pipe in the guest',
      command: "<%= config.bin %> exec web -- sh -c 'dmesg | tail'",
    },
    {
      description: 'With input from here, as another user, somewhere else',
      command: '<%= config.bin %> exec web --user root --workdir /srv -- tar -xz <site.tar.gz',
    },
  ];
  static override exitStatuses = [
    ['N', 'that of the command'],
    ['128 + N', 'signal N ended the command'],
    ['255', 'vmctl could not run it'],
  ] as const;
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VM; default: the only one of the VMFile' }),
  };
  static override flags = {
    user: sharedFlags.user,
    key: sharedFlags.key,
    workdir: Flags.string({
      char: 'w',
      description: 'directory of the guest to run it in; default: the home directory',
      helpValue: 'PATH',
    }),
    env: Flags.string({
      char: 'e',
      multiple: true,
      description: 'variable to set for it; may be repeated',
      helpValue: 'NAME=VALUE',
    }),
    stdin: Flags.boolean({
      allowNo: true,
      description: 'pass on what comes on standard input; default: when that is not a terminal',
    }),
  };

  /** Aborted when nobody can read the output any more. */
  readonly #unread = new AbortController();

  async run(): Promise<GuestExecResult & { readonly vm: string }> {
    const vmctl = this.vmctl();
    // parse() replaces this.argv.
    const all = [...this.argv];
    const separator = all.indexOf('--');
    const call = { verb: 'exec', words: all, vmctl };
    const { args, flags } = await this.parse(Exec, separator === -1 ? all : all.slice(0, separator)).catch(
      async (error: unknown) => {
        throw await omittedName(error, call);
      },
    );
    const name = args.name ?? (await this.onlyVm(vmctl));
    this.handleInterrupts({ quietly: true });
    const isShown = !this.jsonEnabled();
    const reads = flags.stdin ?? !process.stdin.isTTY;
    using waiting = new Waiting(`connecting to ${name}`, { json: !isShown });
    const result = await vmctl
      .exec({
        name,
        command: separator === -1 ? [] : all.slice(separator + 1),
        user: flags.user,
        key: flags.key,
        workdir: flags.workdir,
        env: variables(flags.env ?? []),
        stdin: reads ? process.stdin : undefined,
        onStdout: isShown ? writerTo(process.stdout) : undefined,
        onStderr: isShown ? writerTo(process.stderr) : undefined,
        onLogin: () => waiting.end(),
        signal: AbortSignal.any([this.signal, this.#unread.signal]),
      })
      .catch(async (error: unknown) => {
        throw await unknownName(error, name, call);
      })
      .finally(() => {
        // What is left of it nobody reads, and an open pipe would keep this process.
        if (reads) process.stdin.destroy();
      });
    this.endWith(exitStatus(result));
    return { vm: name, ...result };
  }

  /** Without its reader the command is ended in the guest. */
  protected override outputFailed(error: NodeJS.ErrnoException): void {
    this.#unread.abort(error);
  }

  /** As with ssh, 255 tells an error of vmctl from one of the command. */
  protected override async catch(error: Error & { exitCode?: number }): Promise<unknown> {
    if (this.#unread.signal.aborted && this.#unread.signal.reason === error) {
      super.outputFailed(error);
    }
    const answer = await super.catch(error);
    if (process.exitCode !== EXIT.interrupted) this.endWith(NOT_RUN);
    return answer;
  }
}

function variables(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals > 0) return [pair.slice(0, equals), pair.slice(equals + 1)];
      throw new VmctlError('VMCTL_USAGE', {
        message: `"${pair}" is no variable.`,
        hint: 'Write it as NAME=VALUE: --env COLOUR=blue',
      });
    }),
  );
}

function exitStatus({ exitCode, signal }: GuestExecResult): number {
  if (exitCode !== null) return exitCode;
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  return number === undefined ? EXIT.failure : 128 + number;
}
