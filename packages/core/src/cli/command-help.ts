import { type Command, CommandHelp } from '@oclif/core';
import type { ExitStatuses } from './base-command.js';
import { JSON_FLAG } from './json-flag.js';

/** The help of one command. */
export class VmctlCommandHelp extends CommandHelp {
  /** The summary stands at the top already. */
  protected override description(): string | undefined {
    const { description } = this.command;
    return description === undefined ? undefined : this.wrap(description);
  }

  /** A command that says itself how its words stand needs no dots and brackets here. */
  protected override args(args: Command.Arg.Any[]): [string, string | undefined][] | undefined {
    const rows = super.args(args);
    if (this.command.usage === undefined) return rows;
    return rows?.map(([, text], index) => [args[index]?.name.toUpperCase() ?? '', text]);
  }

  protected override flags(flags: Command.Flag.Any[]): [string, string | undefined][] | undefined {
    return super.flags(
      flags.map((flag) => (flag.name === 'json' ? { ...flag, description: JSON_FLAG } : flag)),
    );
  }

  protected override sections(): ReturnType<CommandHelp['sections']> {
    const sections = super.sections();
    const statuses = (this.command as { exitStatuses?: ExitStatuses }).exitStatuses;
    if (statuses === undefined) return sections;
    const rows = statuses.map(([status, meaning]): [string, string] => [status, meaning]);
    const at = sections.findIndex(({ header }) => header === 'EXAMPLES');
    return sections.toSpliced(at, 0, {
      header: 'EXIT STATUS',
      generate: (_, header) => [{ header, body: rows }],
    });
  }
}
