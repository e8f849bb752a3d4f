import { Args } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Resume extends StreamingCommand {
  static override summary = 'Let suspended VMs go on.';
  static override description = `The guest goes on where it stood. A running VM is left alone; one that does not run is an error: \`vmctl start\` boots it.`;
  static override examples = [
    { description: 'One VM', command: '<%= config.bin %> resume web' },
    { description: 'Every VM of this user', command: '<%= config.bin %> resume --all' },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VMs to resume; default: the only one of the VMFile' }),
  };
  static override flags = {
    all: sharedFlags.all,
    wait: sharedFlags.wait,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Resume);
    const vmctl = this.vmctl();
    const names = await this.namesFrom(argv.map(String), flags.all, vmctl);
    return this.stream(vmctl, (signal) => vmctl.resume({ names, all: flags.all, wait: flags.wait, signal }));
  }
}
