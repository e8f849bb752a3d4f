import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import type { VmPort } from '../operations/ports.js';
import { renderTable } from '../ui/table.js';

export default class Port extends BaseCommand {
  static override summary = 'List the ports of this machine that lead to VMs.';
  static override description = `Of all VMs, or of those that are named. The last column says where a port comes from: \`ssh\` is vmctl's own way in, \`declared\` a forward of the VMFile, \`added\` one of \`vmctl forward add\`. Ports of VMs that do not run lead nowhere until they start.`;
  static override examples = [
    { description: 'Everything', command: '<%= config.bin %> port' },
    {
      description: 'For a script: the port that leads to port 80',
      command: "<%= config.bin %> port web --json | jq '.ports[] | select(.guest == 80).host'",
    },
  ];
  static override strict = false;
  static override args = { name: Args.string({ description: 'VMs; default: all' }) };

  async run(): Promise<{ ports: readonly VmPort[] }> {
    const { argv } = await this.parse(Port);
    this.handleInterrupts({ quietly: true });
    const ports = await this.vmctl().ports({ names: argv.map(String), signal: this.signal });
    if (ports.length === 0) this.logToStderr('No ports of this machine lead to VMs.');
    else {
      const lines = renderTable(ports, [
        { title: 'VM', value: ({ vm }) => vm },
        { title: 'STATE', value: ({ state }) => state },
        { title: 'HOST', value: ({ address, host }) => `${address}:${host}` },
        { title: 'GUEST', value: ({ guest }) => String(guest), align: 'right' },
        { title: 'USE', value: ({ use }) => use },
      ]);
      this.log(lines.join('\n'));
    }
    return { ports };
  }
}
