import { Args, Flags } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Wait extends StreamingCommand {
  static override summary = 'Wait until VMs are ready, running or stopped.';
  static override description = `\`ready\` means that the guest can be logged in to and its cloud-init has finished; a guest without a network that can be reached only has to run. \`running\` means that the hypervisor runs it, \`stopped\` that it does not, or that the VM was destroyed.

The exit status is 0 when all VMs are so, and 1 when the time is over, or when it is plain that they will never be.`;
  static override examples = [
    {
      description: 'Start, then work in the guest',
      command:
        '<%= config.bin %> start web && <%= config.bin %> wait web && <%= config.bin %> exec web -- uptime',
    },
    {
      description: 'Until the guest has powered itself off',
      command: '<%= config.bin %> wait web --for stopped --timeout 3600',
    },
  ];
  static override exitStatuses = [['1', 'the time is over, or it will never be']] as const;
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VMs to wait for; default: the only one of the VMFile' }),
  };
  static override flags = {
    all: sharedFlags.all,
    for: Flags.option({
      // Written out: the list in operations/ would be loaded with every --help.
      options: ['ready', 'running', 'stopped'] as const,
      default: 'ready' as const,
      description: 'what to wait for',
    })(),
    timeout: Flags.integer({
      min: 0,
      description:
        'how long to wait; 0 looks once; default: 120, for ready timeouts.ready of the configuration',
      helpValue: 'SECONDS',
    }),
    user: sharedFlags.user,
    key: sharedFlags.key,
  };

  async run(): Promise<OperationResult> {
    const { argv, flags } = await this.parse(Wait);
    const vmctl = this.vmctl();
    const names = await this.namesFrom(argv.map(String), flags.all, vmctl);
    return this.stream(vmctl, (signal) =>
      vmctl.wait({
        names,
        all: flags.all,
        for: flags.for,
        timeoutMs: flags.timeout === undefined ? undefined : flags.timeout * 1000,
        user: flags.user,
        key: flags.key,
        signal,
      }),
    );
  }
}
