import { Args, Flags } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { confirm } from '../cli/confirm.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Destroy extends StreamingCommand {
  static override summary = 'Remove VMs with their disks.';
  static override description = `Ends each VM at once and removes all it has: disk, keys, logs. Downloaded images stay in the cache. On a terminal the command asks first.

\`--forget\` is for a VM whose plugin is gone for good or broken: the plugin is not asked. vmctl takes the VM out of its registry and removes its work directory with the disk; what the plugin keeps elsewhere stays. It refuses while the process of the VM lives.`;
  static override examples = [
    { description: 'One VM', command: '<%= config.bin %> destroy web' },
    { description: 'Without being asked', command: '<%= config.bin %> destroy web db --yes' },
    {
      description: 'One whose plugin cannot be had any more',
      command: '<%= config.bin %> destroy --forget web',
    },
    { description: 'Every VM of this user', command: '<%= config.bin %> destroy --all' },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VMs to remove; default: the only one of the VMFile' }),
  };
  static override flags = {
    all: sharedFlags.all,
    forget: Flags.boolean({
      description: 'do without the plugin of the VM, which is gone or broken',
      exclusive: ['all'],
    }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    wait: sharedFlags.wait,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Destroy);
    const vmctl = this.vmctl();
    const names = await this.namesFrom(argv.map(String), flags.all, vmctl);
    const what = flags.all ? 'every VM' : names.join(', ');
    const disks = names.length === 1 ? 'its disk' : 'all disks';
    await confirm({
      question: flags.forget
        ? `Give up ${what} with ${disks}, without asking the backend?`
        : `Destroy ${what} with ${disks}?`,
      yes: flags.yes,
      json: this.jsonEnabled(),
    });
    const { all, forget, wait } = flags;
    return this.stream(vmctl, (signal) => vmctl.destroy({ names, all, forget, wait, signal }));
  }
}
