import { Args, Flags } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { confirm } from '../cli/confirm.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Destroy extends StreamingCommand {
  static override summary = 'Remove VMs with their disks.';
  static override description = `Ends each VM at once and removes all it has: disk, keys, logs. Downloaded images stay in the cache. On a terminal the command asks first.`;
  static override examples = [
    { description: 'One VM', command: '<%= config.bin %> destroy web' },
    { description: 'Without being asked', command: '<%= config.bin %> destroy web db --yes' },
    { description: 'Every VM of this user', command: '<%= config.bin %> destroy --all' },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VMs to remove' }),
  };
  static override flags = {
    all: sharedFlags.all,
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    wait: sharedFlags.wait,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Destroy);
    const vmctl = this.vmctl();
    const names = await this.namesFrom(argv.map(String), flags.all, vmctl);
    const what = flags.all ? 'every VM' : names.join(', ');
    await confirm({
      question: `Destroy ${what} with ${names.length === 1 ? 'its disk' : 'all disks'}?`,
      yes: flags.yes,
      json: this.jsonEnabled(),
    });
    return this.stream(vmctl, (signal) => vmctl.destroy({ names, all: flags.all, wait: flags.wait, signal }));
  }
}
