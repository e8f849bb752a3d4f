import { Flags } from '@oclif/core';
import { bringUpFlags, ProjectCommand } from '../cli/project-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Reload extends ProjectCommand {
  static override summary = 'Destroy the VMs of a VMFile and bring them up anew.';
  static override description = `Every VM is made from its image again: its disk, keys and logs are removed, and all provisioning steps run. What a VM depends on is brought up, and recreated only when it is named as well.

The VMFile, its files and its images are looked at first: when something of them is missing, the VM is kept as it is.`;
  static override examples = [
    { description: 'Everything in the VMFile', command: '<%= config.bin %> reload' },
    { description: 'One VM', command: '<%= config.bin %> reload --name web' },
    { description: 'Boot only', command: '<%= config.bin %> reload --no-provision' },
  ];
  static override flags = {
    ...bringUpFlags,
    name: Flags.string({
      char: 'n',
      multiple: true,
      description: 'VM to make anew; may be repeated; default: all',
      helpValue: 'NAME',
    }),
  };

  async run(): Promise<OperationResult> {
    const { flags } = await this.parse(Reload);
    const vmctl = this.vmctl({ backend: flags.backend });
    return this.stream(vmctl, (signal) =>
      vmctl.reload({
        ...this.projectOptions(flags, signal),
        names: flags.name,
        provision: flags.provision,
      }),
    );
  }
}
