import { Errors, Help } from '@oclif/core';
import { styleFor } from '../ui/style.js';
import { wrapText } from '../ui/wrap-text.js';
import { VmctlCommandHelp } from './command-help.js';
import { commandGroups } from './command-groups.js';
import { helpTopics } from './help-topics.js';

/** What a list shows of a command, a group of commands, or a topic. */
interface Row {
  readonly name: string;
  readonly summary: string;
}

/** `--help`, `vmctl` alone, and `vmctl help`. oclif makes one when help is asked for (`helpClass` in package.json). */
export default class VmctlHelp extends Help {
  protected override CommandHelpClass = VmctlCommandHelp;

  override async showHelp(argv: string[]): Promise<void> {
    try {
      await super.showHelp(argv);
    } catch (error) {
      const [, subject] =
        error instanceof Errors.CLIError ? (/^Command ([^]+) not found\.$/.exec(error.message) ?? []) : [];
      if (subject === undefined) throw error;
      const { unknownCommand } = await import('./unknown-command.js');
      throw unknownCommand(subject.split(':'), [], this.config);
    }
  }

  /** All commands, the ones first that somebody needs first. */
  protected override async showRootHelp(): Promise<void> {
    const { strong } = styleFor(process.stdout);
    const rows = this.#rows();
    const width = Math.max(...[...rows.keys(), ...Object.keys(helpTopics)].map((name) => name.length));
    const list = (names: Iterable<string>, summaries: ReadonlyMap<string, string>): string[] =>
      [...names].flatMap((name) => this.#line({ name, summary: summaries.get(name) ?? '' }, width));

    const sections = commandGroups.map(({ title, commands }) => {
      const present = commands.filter((name) => rows.has(name));
      return { title, lines: list(present, rows) };
    });
    const grouped = new Set(commandGroups.flatMap(({ commands }) => commands));
    const others = [...rows.keys()].filter((name) => !grouped.has(name)).toSorted();
    if (others.length > 0) sections.push({ title: 'MORE COMMANDS', lines: list(others, rows) });
    const topics = new Map(Object.entries(helpTopics));
    sections.push({ title: 'TOPICS', lines: list(topics.keys(), topics) });

    this.log(`${this.config.pjson.description ?? ''}.\n`);
    this.log(`${strong('USAGE')}\n  $ vmctl COMMAND [ARGUMENTS] [FLAGS]\n`);
    for (const { title, lines } of sections) this.log(`${strong(title)}\n${lines.join('\n')}\n`);
    const more =
      '`vmctl COMMAND --help` shows flags and examples, `vmctl help TOPIC` explains, and `vmctl completion` lets words complete in your shell.';
    this.log(wrapText(more, this.#columns).join('\n'));
  }

  /** The first words of all commands, with what the command or the group of them does. */
  #rows(): Map<string, string> {
    const rows = new Map<string, string>();
    for (const { id, hidden, summary, description } of this.config.commands) {
      if (hidden || id.includes(':')) continue;
      rows.set(id, summary ?? description?.split('\n', 1)[0] ?? '');
    }
    for (const { name, hidden, description } of this.config.topics) {
      if (hidden !== true && !name.includes(':') && !rows.has(name)) rows.set(name, description ?? '');
    }
    return rows;
  }

  /** As wide as the terminal, as far as lines are easy to read. */
  get #columns(): number {
    return Math.min(this.opts.maxWidth ?? 80, 100);
  }

  #line({ name, summary }: Row, width: number): string[] {
    const columns = Math.max(20, this.#columns - width - 4);
    const [first = '', ...more] = wrapText(summary, columns);
    const rest = more.map((line) => ' '.repeat(width + 4) + line);
    return [`  ${name.padEnd(width)}  ${first}`.trimEnd(), ...rest];
  }
}
