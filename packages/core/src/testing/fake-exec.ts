import { VmctlError } from '../errors/vmctl-error.js';
import type { Exec, ExecOptions, ExecResult } from '../host/exec.js';

/** A host command that was run. */
export interface FakeHostCommand {
  /** The program. */
  readonly file: string;
  readonly args: readonly string[];
  /** Program and arguments, joined by blanks. */
  readonly line: string;
  readonly options: ExecOptions;
}

/** What a scripted host command does; by default it exits 0 and prints nothing. */
export type FakeHostReply =
  Partial<ExecResult> | ((command: FakeHostCommand) => Partial<ExecResult> | Promise<Partial<ExecResult>>);

/** Which commands a reply is for: the beginning of the line, a pattern, or a question. */
export type FakeHostMatcher = string | RegExp | ((command: FakeHostCommand) => boolean);

/** Runs nothing: host commands are recorded, and answered as the test has scripted them. */
export class FakeExec {
  /** All commands so far, in the order they came. */
  readonly commands: FakeHostCommand[] = [];
  readonly #replies: {
    readonly matches: (command: FakeHostCommand) => boolean;
    readonly reply: FakeHostReply;
  }[] = [];

  /** Scripts commands; of several replies that fit, the one that was given last counts. */
  on(matcher: FakeHostMatcher, reply: FakeHostReply = {}): this {
    this.#replies.unshift({ matches: matcherOf(matcher), reply });
    return this;
  }

  /**
   * What a plugin is given as `host.exec`. A command that nobody scripted is not installed
   * (VMCTL_HOST_COMMAND_MISSING); a non-zero exit rejects with VMCTL_HOST_COMMAND_FAILED, unless `allowFailure`.
   */
  readonly exec: Exec = async (file, args, options = {}) => {
    options.signal?.throwIfAborted();
    const command: FakeHostCommand = { file, args: [...args], line: [file, ...args].join(' '), options };
    this.commands.push(command);
    const reply = this.#replies.find(({ matches }) => matches(command))?.reply;
    if (reply === undefined) {
      throw new VmctlError('VMCTL_HOST_COMMAND_MISSING', {
        message: `The program "${file}" is not installed: the test has no reply for "${command.line}".`,
        hint: `Script it: host.commands.on('${file}', { stdout: '…' })`,
      });
    }
    const given = typeof reply === 'function' ? await reply(command) : reply;
    options.signal?.throwIfAborted();
    const result: ExecResult = { exitCode: 0, stdout: '', stderr: '', ...given };
    if (result.stdout !== '') await options.onStdout?.(Buffer.from(result.stdout));
    if (result.stderr !== '') await options.onStderr?.(Buffer.from(result.stderr));
    if (result.exitCode !== 0 && options.allowFailure !== true) {
      throw new VmctlError('VMCTL_HOST_COMMAND_FAILED', {
        message: `${file} failed with exit code ${result.exitCode}: ${result.stderr}`,
        details: { command: file, args: [...args], exitCode: result.exitCode, stderr: result.stderr },
      });
    }
    return result;
  };
}

function matcherOf(matcher: FakeHostMatcher): (command: FakeHostCommand) => boolean {
  if (typeof matcher === 'function') return matcher;
  if (typeof matcher === 'string') return ({ line }) => line === matcher || line.startsWith(`${matcher} `);
  return ({ line }) => matcher.test(line);
}
