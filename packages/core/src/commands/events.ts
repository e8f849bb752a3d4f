import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import { sinceFlag } from '../cli/since-flag.js';
import { observedEventText } from '../ui/observed-event-text.js';
import { pressureOf } from '../ui/stream-pressure.js';
import { styleFor } from '../ui/style.js';

export default class Events extends BaseCommand {
  static override summary = 'Show what happens to VMs, as it happens.';
  static override description = `Shows what every vmctl of this user does, from now on until Ctrl-C: commands that begin and end, stages and steps, warnings. VMs that change without a command are shown as well: a guest that powers off, a hypervisor that dies.

With --since it begins with what has been since then; --no-follow ends after that. Without --since, --no-follow shows all that is kept, the last 4 to 8 MB. What steps print is not among it: see "log".`;
  static override examples = [
    { description: 'From now on', command: '<%= config.bin %> events' },
    {
      description: 'What has happened to a VM today',
      command: '<%= config.bin %> events web --since 12h --no-follow',
    },
    { description: 'For scripts, one JSON object a line', command: '<%= config.bin %> events --json' },
  ];
  static override strict = false;
  static override args = { name: Args.string({ description: 'VMs to show events of; default: all' }) };
  static override flags = {
    since: sinceFlag({
      description: 'begin with what has been since then: 10m, 2h, 7d, or 2026-03-04T15:06',
    }),
    follow: Flags.boolean({
      char: 'f',
      description: 'go on with what comes, until Ctrl-C; the default',
      exclusive: ['no-follow'],
    }),
    'no-follow': Flags.boolean({ description: 'end after what has been' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Events);
    const { since } = flags;
    const follow = !flags['no-follow'];
    if (follow) this.handleInterrupts({ quietly: true });
    const style = styleFor(process.stdout);
    const pressure = pressureOf(process.stdout);
    const names = argv.map(String);
    for await (const event of this.vmctl().events({ names, since, follow, signal: this.signal })) {
      const line = this.jsonEnabled() ? JSON.stringify(event) : observedEventText(event, style);
      if (line === undefined) continue;
      process.stdout.write(`${line}\n`);
      await pressure();
    }
  }

  /** The events have been printed. */
  override logJson(json: unknown): void {
    if (json !== undefined) process.stdout.write(`${JSON.stringify(json)}\n`);
  }
}
