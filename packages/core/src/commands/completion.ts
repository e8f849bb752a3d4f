import { Args } from '@oclif/core';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BaseCommand } from '../cli/base-command.js';
import { VmctlError } from '../errors/vmctl-error.js';

/** Written out: where the completion has them would be loaded with every --help. */
const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** `vmctl completion --json`. */
interface CompletionScript {
  readonly shell: Shell;
  readonly script: string;
}

export default class CompletionCommand extends BaseCommand {
  static override summary = 'Print the script that completes words of vmctl in your shell.';
  static override description = `Commands, flags, their values, and the names of VMs, steps, images and plugins complete then. They are looked up when you press the key, so the script stays as it is when VMs and plugins come and go.`;
  static override examples = [
    {
      description: 'bash: add this line to ~/.bashrc',
      command: 'source <(<%= config.bin %> completion bash)',
    },
    {
      description: 'zsh: add this line to ~/.zshrc, after compinit',
      command: 'source <(<%= config.bin %> completion zsh)',
    },
    {
      description: 'fish: once',
      command: '<%= config.bin %> completion fish > ~/.config/fish/completions/vmctl.fish',
    },
  ];
  static override args = {
    shell: Args.string({ options: shells, description: 'default: that of $SHELL' }),
  };

  /** It needs none, and works where there is a wrong one. */
  protected override readConfiguration(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async run(): Promise<CompletionScript> {
    const { args } = await this.parse(CompletionCommand);
    const shell = shells.find((name) => name === (args.shell ?? basename(process.env['SHELL'] ?? '')));
    if (shell === undefined) {
      throw new VmctlError('VMCTL_USAGE', {
        message: 'Which shell? $SHELL names none that vmctl has a script for.',
        hint: 'Name one: vmctl completion bash, zsh or fish',
      });
    }
    const script = await readFile(join(import.meta.dirname, '../../completion', `vmctl.${shell}`), 'utf8');
    if (!this.jsonEnabled()) process.stdout.write(script);
    return { shell, script };
  }
}
