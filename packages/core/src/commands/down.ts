import { Args, Flags } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { declaredNames, nameFlag } from '../cli/declared-names.js';
import { stopFlags, stopTimeoutMs } from '../cli/stop-flags.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Down extends StreamingCommand {
  static override summary = 'Stop the VMs of a VMFile.';
  static override description = `Asks each guest to power off and ends it by force when it has not after the time-out. VMs that depend on others stop first. Disks are kept: \`up\` starts the same VMs again.`;
  static override examples = [
    { description: 'Everything in the VMFile', command: '<%= config.bin %> down' },
    { description: 'One VM, at once', command: '<%= config.bin %> down web --timeout 0' },
    { description: 'Stop and remove, with disks', command: '<%= config.bin %> down --destroy' },
  ];
  static override strict = false;
  static override args = { name: Args.string({ description: 'VMs to stop; default: all' }) };
  static override flags = {
    file: sharedFlags.file,
    name: nameFlag,
    destroy: Flags.boolean({ description: 'remove the VMs with their disks, keys and logs' }),
    timeout: stopFlags.timeout,
    wait: sharedFlags.wait,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Down);
    const vmctl = this.vmctl();
    return this.stream(vmctl, (signal) =>
      vmctl.down({
        file: flags.file,
        names: declaredNames(argv, flags.name),
        destroy: flags.destroy,
        timeoutMs: stopTimeoutMs({ timeout: flags.timeout, force: false }),
        wait: flags.wait,
        signal,
      }),
    );
  }
}
