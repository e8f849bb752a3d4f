import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import { VmctlError } from '../errors/vmctl-error.js';
import type { VmListing } from '../operations/list.js';
import { styleFor } from '../ui/style.js';
import { vmTable } from '../ui/vm-table.js';

export default class List extends BaseCommand {
  static override summary = 'List all VMs with their states.';
  static override description = `Shows every VM of this user, from whichever VMFile it came. States are observed, not remembered: a VM that died shows as stopped.

A format for --format is text with fields in double braces, and \\t and \\n for tabs and newlines. The fields are those of --json: name, state, detail, backend, vcpus, memoryMb, network, network.type, network.bridge, pid, ssh, forwards, createdAt, vmfile, unfinished, problem. What a VM does not have is empty.`;
  static override hiddenAliases = ['ls'];
  static override examples = [
    { description: 'A table', command: '<%= config.bin %> list' },
    { description: 'For scripts', command: '<%= config.bin %> list --json' },
    { description: 'Only the names', command: '<%= config.bin %> list -q' },
    {
      description: 'A format of your own',
      command: "<%= config.bin %> list --format '{{name}}\\t{{state}}\\t{{ssh}}'",
    },
  ];
  static override flags = {
    quiet: Flags.boolean({ char: 'q', description: 'only the names, one a line' }),
    format: Flags.string({
      description: 'a line for each VM, with {{name}}, {{state}} and the like in it',
      helpValue: 'FORMAT',
      exclusive: ['quiet'],
    }),
  };

  async run(): Promise<{ vms: VmListing[] }> {
    const { flags } = await this.parse(List);
    const line = await lineOf(flags);
    if (line !== undefined && this.jsonEnabled()) {
      throw new VmctlError('VMCTL_USAGE', {
        message: 'With --json there is nothing to format.',
        hint: 'Leave --json out, or --quiet and --format.',
      });
    }
    const vms = await this.vmctl().list({ signal: this.signal });
    if (!this.jsonEnabled()) {
      if (line !== undefined) for (const vm of vms) this.log(line(vm));
      else if (vms.length === 0) this.log('No VMs. `vmctl up` makes those of a VMFile.kdl.');
      else for (const row of vmTable(vms, styleFor(process.stdout))) this.log(row);
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

/** The line of a VM; undefined for the table. */
async function lineOf({
  quiet,
  format,
}: {
  readonly quiet: boolean;
  readonly format: string | undefined;
}): Promise<((vm: VmListing) => string) | undefined> {
  if (quiet) return ({ name }) => name;
  if (format === undefined) return undefined;
  const { compileListTemplate } = await import('../ui/list-template.js');
  return compileListTemplate(format);
}
