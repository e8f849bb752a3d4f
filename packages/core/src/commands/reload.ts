import { Args, Flags } from '@oclif/core';
import { confirmLoss } from '../cli/confirm.js';
import { declaredNames, nameFlag } from '../cli/declared-names.js';
import { bringUpFlags, ProjectCommand } from '../cli/project-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Reload extends ProjectCommand {
  static override summary = 'Destroy the VMs of a VMFile and bring them up anew.';
  static override description = `Every VM is made from its image again: its disk, keys and logs are removed, and all provisioning steps run. What a VM depends on is brought up, and recreated only when it is named as well.

The VMFile, its files and its images are looked at first: when something of them is missing, the VM is kept as it is.

On a terminal the command asks before a VM that exists loses its disk; \`--yes\` answers, and installs missing plugins as well. Without a terminal it goes on, unlike \`destroy\`, which then needs \`--yes\`.`;
  static override examples = [
    { description: 'Everything in the VMFile', command: '<%= config.bin %> reload' },
    { description: 'One VM', command: '<%= config.bin %> reload web' },
    { description: 'Without being asked', command: '<%= config.bin %> reload web --yes' },
    { description: 'Boot only', command: '<%= config.bin %> reload --no-provision' },
  ];
  static override strict = false;
  static override args = { name: Args.string({ description: 'VMs to make anew; default: all' }) };
  static override flags = {
    ...bringUpFlags,
    name: nameFlag,
    yes: Flags.boolean({
      char: 'y',
      description:
        'do not ask: neither before disks are removed, nor before plugins of the VMFile are installed',
    }),
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Reload);
    const vmctl = this.vmctl({ backend: flags.backend });
    const names = declaredNames(argv, flags.name);
    await confirmLoss({
      anew: true,
      yes: flags.yes,
      json: this.jsonEnabled(),
      existing: () => vmctl.existingVms({ file: flags.file, names }),
    });
    return this.stream(vmctl, (signal) =>
      vmctl.reload({
        ...this.projectOptions(flags, signal),
        names,
        provision: flags.provision,
      }),
    );
  }
}
