import { BaseCommand } from '../cli/base-command.js';
import type { VmListing } from '../operations/list.js';
import { styleFor } from '../ui/style.js';
import { vmTable } from '../ui/vm-table.js';

export default class List extends BaseCommand {
  static override summary = 'List all VMs with their states.';
  static override description = `Shows every VM of this user, from whichever VMFile it came. States are observed, not remembered: a VM that died shows as stopped.`;
  static override hiddenAliases = ['ls'];
  static override examples = [
    { description: 'A table', command: '<%= config.bin %> list' },
    { description: 'For scripts', command: '<%= config.bin %> list --json' },
  ];

  async run(): Promise<{ vms: VmListing[] }> {
    await this.parse(List);
    const vms = await this.vmctl().list({ signal: this.signal });
    if (!this.jsonEnabled()) {
      if (vms.length === 0) this.log('No VMs. `vmctl up` makes those of a VMFile.kdl.');
      else for (const line of vmTable(vms, styleFor(process.stdout))) this.log(line);
      for (const { name, problem } of vms) {
        if (problem !== null)
          this.logToStderr(
            `! ${name}: ${problem.message}${problem.hint === undefined ? '' : `\n  ${problem.hint}`}`,
          );
      }
    }
    return { vms };
  }
}
