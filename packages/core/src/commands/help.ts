import { Args, loadHelpClass } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import { type CommandDocument, commandDocument } from '../cli/command-document.js';
import { helpTopics, readHelpTopic } from '../cli/help-topics.js';
import { unknownCommand } from '../cli/unknown-command.js';
import { nearest } from '../errors/nearest.js';
import { VmctlError } from '../errors/vmctl-error.js';
import { styleFor } from '../ui/style.js';
import { topicText } from '../ui/topic-text.js';

/** `vmctl help --json`. */
interface HelpList {
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly topics: readonly { readonly name: string; readonly summary: string }[];
}

/** `vmctl help TOPIC --json`. */
interface HelpTopic {
  readonly topic: string;
  readonly summary: string;
  readonly markdown: string;
}

export default class HelpCommand extends BaseCommand {
  static override summary = 'Explain a command or a topic.';
  static override description = `Without a word, lists the commands and the topics. A word that is both, as \`plugins\`, is taken for the topic; \`vmctl plugins --help\` explains the command.`;
  static override examples = [
    { description: 'What there is', command: '<%= config.bin %> help' },
    { description: 'A topic', command: '<%= config.bin %> help networking' },
    { description: 'A command, as with --help', command: '<%= config.bin %> help up' },
  ];
  static override strict = false;
  static override args = {
    word: Args.string({ description: 'topic, or the words of a command; default: list all' }),
  };

  /** It needs none, and works where there is a wrong one. */
  protected override readConfiguration(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async run(): Promise<HelpList | HelpTopic | CommandDocument | undefined> {
    const { argv } = await this.parse(HelpCommand);
    const words = argv.map(String);
    const [word] = words;
    if (word !== undefined && words.length === 1 && Object.hasOwn(helpTopics, word)) {
      return this.#explain(word);
    }
    this.#expectKnown(words);
    if (this.jsonEnabled()) {
      const command = this.config.findCommand(words.join(':'));
      return command === undefined ? this.#list(words) : commandDocument(command);
    }
    const Help = await loadHelpClass(this.config);
    await new Help(this.config).showHelp(words);
    return undefined;
  }

  async #explain(topic: string): Promise<HelpTopic> {
    const markdown = await readHelpTopic(topic);
    if (!this.jsonEnabled()) {
      const { stdout } = process;
      stdout.write(topicText(markdown, styleFor(stdout), stdout.isTTY ? stdout.columns : undefined));
      if (this.config.findCommand(topic) !== undefined) {
        stdout.write(`\nThe command of this name: vmctl ${topic} --help\n`);
      }
    }
    return { topic, summary: helpTopics[topic] ?? '', markdown };
  }

  /** The commands that begin with these words; without any, all of them and the topics. */
  #list(words: readonly string[]): HelpList {
    const { commands } = this.config;
    const start = words.map((word) => `${word}:`).join('');
    return {
      commands: commands
        .filter(({ hidden, id }) => !hidden && id.startsWith(start))
        .map(({ id, summary }) => ({ name: id.replaceAll(':', ' '), summary: summary ?? '' }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      topics:
        words.length > 0 ? [] : Object.entries(helpTopics).map(([name, summary]) => ({ name, summary })),
    };
  }

  /** @throws VMCTL_USAGE for words that are neither a command nor a topic */
  #expectKnown(words: readonly string[]): void {
    const [first] = words;
    if (first === undefined) return;
    const id = words.join(':');
    if (this.config.findCommand(id) !== undefined || this.config.findTopic(id) !== undefined) return;
    const topic = words.length === 1 ? nearest(first, Object.keys(helpTopics)) : undefined;
    if (topic === undefined) throw unknownCommand(words, [], this.config);
    throw new VmctlError('VMCTL_USAGE', {
      message: `There is no command and no topic \`${first}\`.`,
      hint: `Did you mean \`vmctl help ${topic}\`?`,
      details: { suggestion: `vmctl help ${topic}` },
    });
  }
}
