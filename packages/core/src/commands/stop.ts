import { Args } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { stopFlags, stopTimeoutMs } from '../cli/stop-flags.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Stop extends StreamingCommand {
  static override summary = 'Stop VMs.';
  static override description = `Asks each guest to power off, and ends it by force when it has not after the time-out. A suspended guest is woken up for that. Disks are kept. A stopped VM is left alone.`;
  static override examples = [
    { description: 'Two VMs', command: '<%= config.bin %> stop web db' },
    { description: 'Give the guest two minutes', command: '<%= config.bin %> stop web --timeout 120' },
    { description: 'Pull the plug', command: '<%= config.bin %> stop web --force' },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VMs to stop; default: the only one of the VMFile' }),
  };
  static override flags = {
    all: sharedFlags.all,
    ...stopFlags,
    wait: sharedFlags.wait,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Stop);
    const vmctl = this.vmctl();
    const names = await this.namesFrom(argv.map(String), flags.all, vmctl);
    return this.stream(vmctl, (signal) =>
      vmctl.stop({ names, all: flags.all, timeoutMs: stopTimeoutMs(flags), wait: flags.wait, signal }),
    );
  }
}
