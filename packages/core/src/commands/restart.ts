import { Args } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { stopFlags, stopTimeoutMs } from '../cli/stop-flags.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Restart extends StreamingCommand {
  static override summary = 'Stop VMs and start them again.';
  static override description = `The guest powers off and boots again, with a new process on the host: a full restart of the machine, with its disk kept. A stopped VM is only started. The command does not wait for the guest to boot; \`vmctl wait\` does.`;
  static override examples = [
    { description: 'One VM', command: '<%= config.bin %> restart web' },
    { description: 'A guest that hangs', command: '<%= config.bin %> restart web --force' },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VMs to restart; default: the only one of the VMFile' }),
  };
  static override flags = {
    all: sharedFlags.all,
    ...stopFlags,
    wait: sharedFlags.wait,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Restart);
    const vmctl = this.vmctl();
    const names = await this.namesFrom(argv.map(String), flags.all, vmctl);
    return this.stream(vmctl, (signal) =>
      vmctl.restart({ names, all: flags.all, timeoutMs: stopTimeoutMs(flags), wait: flags.wait, signal }),
    );
  }
}
