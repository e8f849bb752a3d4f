import { Args, Flags } from '@oclif/core';
import { declaredNames, nameFlag } from '../cli/declared-names.js';
import { ProjectCommand, projectFlags } from '../cli/project-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Provision extends ProjectCommand {
  static override summary = 'Run provisioning steps on running VMs.';
  static override description = `Runs the steps of the VMFile as it is now, in their order; the first one that fails ends those of its VM. \`run\` on a step says whether it has to run again; a step that is named with --only runs whatever it says.

With --only or --from, VMs without such a step are left out. A VM that does not run is an error: \`vmctl up\` brings it up.`;
  static override examples = [
    { description: 'All steps, on every VM of the VMFile', command: '<%= config.bin %> provision' },
    { description: 'One step', command: '<%= config.bin %> provision --only site' },
    {
      description: 'Go on at a step that failed',
      command: '<%= config.bin %> provision web --from site',
    },
  ];
  static override strict = false;
  static override args = { name: Args.string({ description: 'VMs to provision; default: all' }) };
  static override flags = {
    ...projectFlags,
    name: nameFlag,
    only: Flags.string({
      multiple: true,
      description: 'step to run, whatever its `run` says; may be repeated',
      helpValue: 'STEP',
      exclusive: ['from'],
    }),
    from: Flags.string({
      description: 'first step to run; it and those after it',
      helpValue: 'STEP',
    }),
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Provision);
    const vmctl = this.vmctl();
    return this.stream(vmctl, (signal) =>
      vmctl.provision({
        ...this.projectOptions(flags, signal),
        names: declaredNames(argv, flags.name),
        only: flags.only,
        from: flags.from,
      }),
    );
  }
}
