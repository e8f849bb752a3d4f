import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import type { VmStatus } from '../operations/status.js';
import { statusText } from '../ui/status-text.js';
import { styleFor } from '../ui/style.js';

export default class Status extends BaseCommand {
  static override summary = 'Show all that is known of VMs.';
  static override description = `Shows state, resources, network, where to log in, and where the files are. Without a name: every VM.`;
  static override examples = [
    { description: 'One VM', command: '<%= config.bin %> status web' },
    { description: 'For scripts', command: '<%= config.bin %> status web --json' },
  ];
  static override strict = false;
  static override args = { name: Args.string({ description: 'VMs to show; default: all' }) };

  async run(): Promise<{ vms: VmStatus[] }> {
    const { argv } = await this.parse(Status);
    const vms = await this.vmctl().status({ names: argv.map(String), signal: this.signal });
    if (!this.jsonEnabled()) {
      if (vms.length === 0) this.log('No VMs. `vmctl up` makes those of a VMFile.kdl.');
      else this.log(vms.map((vm) => statusText(vm, styleFor(process.stdout))).join('\n\n'));
    }
    return { vms };
  }
}
