import { Args } from '@oclif/core';
import { BaseCommand, sharedFlags } from '../../cli/base-command.js';
import { nameAndForward } from '../../cli/forward-arguments.js';
import { forwardText, parseForwardPattern } from '../../operations/forward-text.js';
import type { ForwardChange } from '../../operations/forwards.js';

export default class ForwardRemove extends BaseCommand {
  static override summary = 'Take a forwarded port of a VM away.';
  static override description = `At once when the VM runs, and from its next start on. Connections that go through it stay until they end. A forward of the VMFile comes back at the next \`vmctl up\`.`;
  static override usage = '<%= command.id %> [NAME] HOST[:GUEST] [FLAGS]';
  static override examples = [
    { description: 'By the port of this machine', command: '<%= config.bin %> forward remove web 8080' },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VM; default: the only one of the VMFile' }),
    ports: Args.string({ description: 'HOST or [ADDRESS:]HOST:GUEST' }),
  };
  static override flags = { wait: sharedFlags.wait };

  async run(): Promise<ForwardChange> {
    const { argv, flags } = await this.parse(ForwardRemove);
    const vmctl = this.vmctl();
    const given = nameAndForward(argv, 'vmctl forward remove web 8080');
    const forward = parseForwardPattern(given.forward);
    const name = given.name ?? (await this.onlyVm(vmctl, [given.forward]));
    this.handleInterrupts({ quietly: true });
    const change = await vmctl.removeForward({ name, forward, wait: flags.wait, signal: this.signal });
    this.log(`${forwardText(change.forward)} of ${name} is removed`);
    if (change.declared) {
      this.logToStderr('If the VMFile has it, it comes back at the next `vmctl up`.');
    }
    return change;
  }
}
