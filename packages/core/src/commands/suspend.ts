import { Args } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Suspend extends StreamingCommand {
  static override summary = 'Freeze running VMs.';
  static override description = `A suspended guest stands still: it takes no processor time, keeps its memory, and goes on with \`vmctl resume\`. It does not outlive the host. A suspended VM is left alone; one that does not run is an error.`;
  static override examples = [
    { description: 'One VM', command: '<%= config.bin %> suspend web' },
    { description: 'Every VM of this user', command: '<%= config.bin %> suspend --all' },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VMs to suspend; default: the only one of the VMFile' }),
  };
  static override flags = {
    all: sharedFlags.all,
    wait: sharedFlags.wait,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Suspend);
    const vmctl = this.vmctl();
    const names = await this.namesFrom(argv.map(String), flags.all, vmctl);
    return this.stream(vmctl, (signal) => vmctl.suspend({ names, all: flags.all, wait: flags.wait, signal }));
  }
}
