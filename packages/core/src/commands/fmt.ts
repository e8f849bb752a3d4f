import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import { readStandardInput } from '../cli/standard-input.js';
import { EXIT, errorRegistry } from '../errors/registry.js';
import { VmctlError } from '../errors/vmctl-error.js';
import type { FormattedFile } from '../operations/format.js';
import { errorText } from '../ui/error-text.js';
import { styleFor } from '../ui/style.js';

/** The word for standard input. */
const STDIN = '-';

/** Bytes after which standard input is no VMFile; no more is read. */
const MOST = 1024 * 1024;

/** What `vmctl fmt --json` gives. `text`: of standard input, formatted; not with `--check`. */
interface FmtResult {
  readonly files: readonly FormattedFile[];
  readonly text?: string;
}

export default class Fmt extends BaseCommand {
  static override summary = 'Format a VMFile.';
  static override description = `Four spaces a level, one setting a line, one space between words, at most one empty line. Comments and the order stay, and so does what the file says. A block that stands in one line stays in one.

Prints the names of the files that it changed, or with --check, which changes nothing, of those that it would change; --check exits with 1 then. A file that is not KDL is left alone, and reported as \`vmctl validate\` does; the exit status is 2 then.`;
  static override examples = [
    { description: 'The VMFile of this directory', command: '<%= config.bin %> fmt' },
    { description: 'Fail in CI when it is not formatted', command: '<%= config.bin %> fmt --check' },
    { description: 'Other files', command: '<%= config.bin %> fmt lab.kdl test/VMFile.kdl' },
    { description: 'For an editor', command: '<%= config.bin %> fmt - < VMFile.kdl' },
  ];
  static override exitStatuses = [
    ['1', 'with --check: a file is not formatted'],
    ['2', 'a file is not KDL, or cannot be read'],
  ] as const;
  static override strict = false;
  static override args = {
    files: Args.string({
      description:
        'files to format, or - for standard input; default: VMFile.kdl here or in a parent directory',
    }),
  };
  static override flags = {
    check: Flags.boolean({ description: 'change nothing; exit with 1 when a file is not formatted' }),
  };

  /** It needs none, and works where there is a wrong one. */
  protected override readConfiguration(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async run(): Promise<FmtResult> {
    const { argv, flags } = await this.parse(Fmt);
    const files = argv.map(String);
    const result = files.includes(STDIN)
      ? await this.#standardInput(files, flags.check)
      : { files: await this.vmctl().format({ files, check: flags.check }) };
    if (!this.jsonEnabled()) this.#show(result);
    const status = exitStatus(result.files);
    if (status !== 0) this.endWith(status);
    return result;
  }

  async #standardInput(files: readonly string[], check: boolean): Promise<FmtResult> {
    if (files.length > 1) {
      throw new VmctlError('VMCTL_USAGE', {
        message: 'Standard input cannot be formatted together with files.',
        hint: 'vmctl fmt - < VMFile.kdl',
      });
    }
    const { text, outcome } = await this.vmctl().formatBytes(await readStandardInput(MOST), 'standard input');
    if (check)
      return { files: [{ path: STDIN, outcome: outcome === 'formatted' ? 'unformatted' : outcome }] };
    return { files: [{ path: STDIN, outcome }], text };
  }

  #show({ files, text }: FmtResult): void {
    if (text !== undefined) {
      process.stdout.write(text);
      return;
    }
    for (const file of files) {
      if (file.outcome === 'failed') this.logToStderr(errorText(file.error, styleFor(process.stderr)));
      else if (file.outcome !== 'unchanged') this.log(file.path);
    }
  }
}

/** That of the worst that happened to a file. */
function exitStatus(files: readonly FormattedFile[]): number {
  const statuses = files.map((file) => {
    if (file.outcome === 'unformatted') return EXIT.failure;
    if (file.outcome !== 'failed') return 0;
    const entries: Readonly<Record<string, { readonly exit: number }>> = errorRegistry;
    return entries[file.error.code]?.exit ?? EXIT.failure;
  });
  return Math.max(0, ...statuses);
}
