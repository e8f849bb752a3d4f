import { Args, Flags } from '@oclif/core';
import { BaseCommand, sharedFlags } from '../cli/base-command.js';
import { omittedName, unknownName } from '../cli/omitted-name.js';
import { runInForeground } from '../cli/run-in-foreground.js';
import { EXIT, NOT_RUN } from '../errors/registry.js';
import type { SshCommand } from '../operations/ssh.js';

export default class Ssh extends BaseCommand {
  static override summary = 'Log in to a VM, or run a command in it.';
  static override description = `Hands over to the system's ssh with the VM's own key and its pinned host key. The exit status is that of ssh: that of the command, or 255.

A command starts at the first word after the name of the VM that is no flag; whatever follows belongs to it. A \`--\` before it makes that plain. Its words are joined by blanks and given to the login shell, as ssh does; \`vmctl exec\` takes them as they are.

With --json the command line is printed instead of run.`;
  static override usage = '<%= command.id %> [NAME] [FLAGS] [[--] COMMAND...]';
  static override examples = [
    { description: 'A shell', command: '<%= config.bin %> ssh web' },
    {
      description: 'A command; its exit status is passed on',
      command: '<%= config.bin %> ssh web uname -a',
    },
    { description: 'A program with a screen', command: '<%= config.bin %> ssh -t web htop' },
  ];
  static override exitStatuses = [
    ['N', 'that of the command, or of the shell'],
    ['255', 'vmctl or ssh could not log in'],
  ] as const;
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VM; default: the only one of the VMFile' }),
  };
  static override flags = {
    user: sharedFlags.user,
    key: sharedFlags.key,
    tty: Flags.boolean({
      char: 't',
      allowNo: true,
      description: 'give the command a terminal; default: only a shell gets one',
    }),
  };

  async run(): Promise<SshCommand> {
    const vmctl = this.vmctl();
    // parse() replaces this.argv.
    const all = [...this.argv];
    const separator = all.indexOf('--');
    const call = { verb: 'ssh', words: all, vmctl };
    const { args, flags } = await this.parse(Ssh, separator === -1 ? all : all.slice(0, separator)).catch(
      async (error: unknown) => {
        throw await omittedName(error, call);
      },
    );
    const name = args.name ?? (await this.onlyVm(vmctl));
    const command = separator === -1 ? [] : all.slice(separator + 1);
    const ssh = await vmctl
      .ssh({
        name,
        command: command.length === 0 ? undefined : command,
        user: flags.user,
        key: flags.key,
        tty: flags.tty,
      })
      .catch(async (error: unknown) => {
        throw await unknownName(error, name, call);
      });
    if (!this.jsonEnabled()) this.endWith(await runInForeground(ssh.file, ssh.args));
    return ssh;
  }

  /** As ssh does it: so an error of vmctl is none of the command's. */
  protected override async catch(error: Error & { exitCode?: number }): Promise<unknown> {
    const answer = await super.catch(error);
    if (process.exitCode !== EXIT.interrupted) this.endWith(NOT_RUN);
    return answer;
  }
}
