import { Flags } from '@oclif/core';
import { basename } from 'node:path';
import { sharedFlags } from '../cli/base-command.js';
import { ask, isTerminal } from '../cli/confirm.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/up.js';
import type { ConfirmInstall } from '../project-plugins/prepare.js';

export default class Up extends StreamingCommand {
  static override summary = 'Boot and provision the VMs of a VMFile.';
  static override description = `Fetches images, makes disks and keys, starts every VM, waits until its guest can be worked with, and runs its provisioning steps in order. All VMs come up at once; \`depends-on\` in the VMFile orders them.

A running VM is left alone. A stopped one is started and provisioned again. When one VM fails the others go on, and the command exits with 1.`;
  static override examples = [
    { description: 'Everything in the VMFile', command: '<%= config.bin %> up' },
    {
      description: 'Two VMs, with what they depend on',
      command: '<%= config.bin %> up --name web --name db',
    },
    { description: 'Boot only', command: '<%= config.bin %> up --no-provision' },
    { description: 'Events as JSON lines, for scripts', command: '<%= config.bin %> up --json' },
  ];
  static override flags = {
    file: sharedFlags.file,
    name: Flags.string({
      char: 'n',
      multiple: true,
      description: 'VM to bring up, with what it depends on; may be repeated; default: all',
      helpValue: 'NAME',
    }),
    provision: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'run the provisioning steps',
    }),
    parallel: Flags.integer({
      char: 'j',
      min: 1,
      description: 'how many VMs at a time; default: the number of processors, at least 4',
      helpValue: 'N',
    }),
    backend: sharedFlags.backend,
    user: Flags.string({ description: 'user to log in as, before what the VMFile says', helpValue: 'USER' }),
    key: Flags.string({
      description: 'private key to log in with, before what the VMFile says',
      helpValue: 'PATH',
    }),
    wait: sharedFlags.wait,
    yes: Flags.boolean({
      char: 'y',
      description: 'install the plugins that the VMFile requires, without asking; for CI',
    }),
    frozen: Flags.boolean({
      description: 'refuse plugins that differ from the lock file beside the VMFile, and never write it',
    }),
  };

  /** Undefined when there is nobody to ask. */
  private confirmInstall(yes: boolean): ConfirmInstall | undefined {
    if (yes) return () => Promise.resolve(true);
    if (this.jsonEnabled() || !isTerminal()) return undefined;
    return ({ vmfile, plugins }) => {
      const list = plugins.map(({ name, range, version }) => `${name} ${version ?? range}`).join(', ');
      return ask(
        `${basename(vmfile)} needs ${list}, which ${plugins.length === 1 ? 'is' : 'are'} not installed. Install?`,
        { default: true },
      );
    };
  }

  async run(): Promise<OperationResult> {
    const { flags } = await this.parse(Up);
    const vmctl = this.vmctl({ backend: flags.backend });
    return this.stream(vmctl, (signal) =>
      vmctl.up({
        file: flags.file,
        names: flags.name,
        provision: flags.provision,
        parallel: flags.parallel,
        user: flags.user,
        key: flags.key,
        wait: flags.wait,
        confirmInstall: this.confirmInstall(flags.yes),
        frozen: flags.frozen,
        pinInstalled: flags.yes,
        signal,
      }),
    );
  }
}
