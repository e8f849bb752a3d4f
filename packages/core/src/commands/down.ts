import { Args, Flags } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { confirmLoss } from '../cli/confirm.js';
import { declaredNames, nameFlag } from '../cli/declared-names.js';
import { stopFlags, stopTimeoutMs } from '../cli/stop-flags.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Down extends StreamingCommand {
  static override summary = 'Stop the VMs of a VMFile.';
  static override description = `Asks each guest to power off and ends it by force when it has not after the time-out. VMs that depend on others stop first. Disks are kept: \`up\` starts the same VMs again.

With \`--destroy\` the command asks first on a terminal, when one of the VMs exists; \`--yes\` answers. Without a terminal it goes on, unlike \`destroy\`, which then needs \`--yes\`.`;
  static override examples = [
    { description: 'Everything in the VMFile', command: '<%= config.bin %> down' },
    { description: 'One VM, at once', command: '<%= config.bin %> down web --timeout 0' },
    { description: 'Stop and remove, with disks', command: '<%= config.bin %> down --destroy' },
    { description: 'The same, without being asked', command: '<%= config.bin %> down --destroy --yes' },
  ];
  static override strict = false;
  static override args = { name: Args.string({ description: 'VMs to stop; default: all' }) };
  static override flags = {
    file: sharedFlags.file,
    name: nameFlag,
    destroy: Flags.boolean({ description: 'remove the VMs with their disks, keys and logs' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask', dependsOn: ['destroy'] }),
    timeout: stopFlags.timeout,
    wait: sharedFlags.wait,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Down);
    const vmctl = this.vmctl();
    const names = declaredNames(argv, flags.name);
    if (flags.destroy) {
      await confirmLoss({
        yes: flags.yes,
        json: this.jsonEnabled(),
        existing: () => vmctl.existingVms({ file: flags.file, names }),
      });
    }
    return this.stream(vmctl, (signal) =>
      vmctl.down({
        file: flags.file,
        names,
        destroy: flags.destroy,
        timeoutMs: stopTimeoutMs({ timeout: flags.timeout, force: false }),
        wait: flags.wait,
        signal,
      }),
    );
  }
}
