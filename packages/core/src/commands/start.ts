import { Args } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Start extends StreamingCommand {
  static override summary = 'Start VMs that exist.';
  static override description = `Starts each VM with the settings that it has: no VMFile is read, and no provisioning step runs. A running VM is left alone, a suspended one goes on. The command does not wait for the guest to boot; \`vmctl wait\` does.`;
  static override examples = [
    {
      description: 'One VM, and wait until it can be logged in to',
      command: '<%= config.bin %> start web && <%= config.bin %> wait web',
    },
    { description: 'Every VM of this user', command: '<%= config.bin %> start --all' },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VMs to start; default: the only one of the VMFile' }),
  };
  static override flags = {
    all: sharedFlags.all,
    wait: sharedFlags.wait,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Start);
    const vmctl = this.vmctl();
    const names = await this.namesFrom(argv.map(String), flags.all, vmctl);
    return this.stream(vmctl, (signal) => vmctl.start({ names, all: flags.all, wait: flags.wait, signal }));
  }
}
