import { Args } from '@oclif/core';
import { BaseCommand, sharedFlags } from '../../cli/base-command.js';
import { nameAndForward } from '../../cli/forward-arguments.js';
import { forwardText, parseForward } from '../../operations/forward-text.js';
import type { ForwardChange } from '../../operations/forwards.js';

export default class ForwardAdd extends BaseCommand {
  static override summary = 'Let a port of this machine lead to a VM.';
  static override description = `At once when the VM runs, and from its next start on. The port is bound to 127.0.0.1 unless an address says otherwise; host port 0 takes any free one. What was added stays until it is removed: the VMFile does not take it away.`;
  static override usage = '<%= command.id %> [NAME] [ADDRESS:]HOST:GUEST [FLAGS]';
  static override examples = [
    {
      description: 'Port 8080 to port 80 of the guest',
      command: '<%= config.bin %> forward add web 8080:80',
    },
    { description: 'Any free port', command: '<%= config.bin %> forward add web 0:5432' },
    {
      description: 'For other machines, too',
      command: '<%= config.bin %> forward add web 0.0.0.0:8080:80',
    },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VM; default: the only one of the VMFile' }),
    ports: Args.string({ description: '[ADDRESS:]HOST:GUEST' }),
  };
  static override flags = { wait: sharedFlags.wait };

  async run(): Promise<ForwardChange> {
    const { argv, flags } = await this.parse(ForwardAdd);
    const vmctl = this.vmctl();
    const given = nameAndForward(argv, 'vmctl forward add web 8080:80');
    const forward = parseForward(given.forward);
    const name = given.name ?? (await this.onlyVm(vmctl, [given.forward]));
    this.handleInterrupts({ quietly: true });
    const change = await vmctl.addForward({ name, forward, wait: flags.wait, signal: this.signal });
    const when = change.live ? '' : ', from its next start on';
    this.log(`${forwardText(change.forward)} of ${name}${change.changed ? when : ', as before'}`);
    return change;
  }
}
