import { Args } from '@oclif/core';
import { declaredNames, nameFlag } from '../cli/declared-names.js';
import { bringUpFlags, ProjectCommand } from '../cli/project-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Up extends ProjectCommand {
  static override summary = 'Boot and provision the VMs of a VMFile.';
  static override description = `Fetches images, makes disks and keys, starts every VM, waits until its guest can be worked with, and runs its provisioning steps in order. All VMs come up at once; \`depends-on\` in the VMFile orders them.

A running VM is left alone, but for edited forwards and how to log in to it. A stopped one is started, with edited vCPUs, memory and network, and provisioned again. \`vmctl plan\` shows all of it before. When one VM fails the others go on, and the command exits with 1.`;
  static override examples = [
    { description: 'Everything in the VMFile', command: '<%= config.bin %> up' },
    {
      description: 'Two VMs, with what they depend on',
      command: '<%= config.bin %> up web db',
    },
    { description: 'Boot only', command: '<%= config.bin %> up --no-provision' },
    { description: 'Events as JSON lines, for scripts', command: '<%= config.bin %> up --json' },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VMs to bring up, with what they depend on; default: all' }),
  };
  static override flags = {
    ...bringUpFlags,
    name: nameFlag,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Up);
    const vmctl = this.vmctl({ backend: flags.backend });
    return this.stream(vmctl, (signal) =>
      vmctl.up({
        ...this.projectOptions(flags, signal),
        names: declaredNames(argv, flags.name),
        provision: flags.provision,
      }),
    );
  }
}
