import { type Command, CommandHelp } from '@oclif/core';
import { JSON_FLAG } from './json-flag.js';

/** Exit statuses that mean something else, or something more, than those of every command. */
export type ExitStatuses = Readonly<Record<string, string>>;

/** The help of one command. */
export class VmctlCommandHelp extends CommandHelp {
  /** The summary stands at the top already. */
  protected override description(): string | undefined {
    const { description } = this.command;
    return description === undefined ? undefined : this.wrap(description);
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
    const rows = Object.entries(statuses).map(([status, meaning]): [string, string] => [status, meaning]);
    const at = sections.findIndex(({ header }) => header === 'EXAMPLES');
    return sections.toSpliced(at, 0, {
      header: 'EXIT STATUS',
      generate: (_, header) => [{ header, body: rows }],
    });
  }
}
