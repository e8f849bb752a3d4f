import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import type { LogName } from '../operations/log.js';
import { pressureOf } from '../ui/stream-pressure.js';
import { chooseLogView } from '../ui/log-view.js';

export default class Log extends BaseCommand {
  static override summary = "Show a VM's console and provisioning logs.";
  static override description = `The console log is what the guest wrote to its serial port since the VM was made. The provisioning log has every step with its output, exit status and duration. Without a choice both are shown, the console first.

With --follow it goes on while the VM is stopped and started again, and ends when it is destroyed.

On a terminal, control sequences are left out; a pipe gets the bytes as they are. With --json every line is an object {log, text} on a line of its own.`;
  static override examples = [
    { description: 'The last 50 lines of the console', command: '<%= config.bin %> log web --console -n 50' },
    { description: 'Provisioning, as it happens', command: '<%= config.bin %> log web --provision -f' },
  ];
  static override args = {
    name: Args.string({ description: 'VM; default: the only one of the VMFile' }),
  };
  static override flags = {
    console: Flags.boolean({ description: 'only the console log' }),
    provision: Flags.boolean({ description: 'only the provisioning log' }),
    lines: Flags.integer({ char: 'n', min: 0, description: 'only the last N lines', helpValue: 'N' }),
    follow: Flags.boolean({ char: 'f', description: 'go on with what comes, until Ctrl-C' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Log);
    const vmctl = this.vmctl();
    const name = args.name ?? (await this.onlyVm(vmctl));
    const logs: LogName[] = [];
    if (flags.console || !flags.provision) logs.push('console');
    if (flags.provision || !flags.console) logs.push('provision');
    if (flags.follow) this.handleInterrupts({ quietly: true });
    const view = chooseLogView({
      json: this.jsonEnabled(),
      isTTY: process.stdout.isTTY,
      titled: logs.length > 1,
    });
    const pressure = pressureOf(process.stdout);
    const { lines, follow } = flags;
    for await (const { log, bytes } of vmctl.log({ name, logs, lines, follow, signal: this.signal })) {
      process.stdout.write(view.show(log, bytes));
      await pressure();
    }
    process.stdout.write(view.end());
    if (follow && !this.signal.aborted) {
      process.stderr.write(`${name} was destroyed: there is nothing more to follow.\n`);
    }
  }

  /** The lines have been printed. */
  override logJson(json: unknown): void {
    if (json !== undefined) process.stdout.write(`${JSON.stringify(json)}\n`);
  }
}
