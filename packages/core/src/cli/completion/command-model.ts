/** A flag, as oclif's manifest has it. */
export interface FlagModel {
  readonly name: string;
  readonly type: 'boolean' | 'option';
  readonly char?: string | undefined;
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly allowNo?: boolean | undefined;
  readonly multiple?: boolean | undefined;
  readonly options?: readonly string[] | undefined;
  readonly helpValue?: string | undefined;
}

/** A command, as oclif's manifest has it. */
export interface CommandModel {
  /** With colons: `image:list`. */
  readonly id: string;
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly hidden?: boolean | undefined;
  /** False: the last argument may be repeated. */
  readonly strict?: boolean | undefined;
  readonly aliases: readonly string[];
  readonly hiddenAliases?: readonly string[] | undefined;
  readonly args: Readonly<Record<string, { readonly options?: readonly string[] | undefined }>>;
  readonly flags: Readonly<Record<string, FlagModel>>;
}

/** All that can be typed, without the values. */
export interface CommandTree {
  readonly commands: readonly CommandModel[];
  /** Descriptions of words that are followed by commands and are none themselves. */
  readonly topics: Readonly<Record<string, string>>;
}

/** The words that may follow these words of a command, with what they do. */
export function wordsBelow({ commands, topics }: CommandTree, path: readonly string[]): Map<string, string> {
  const words = new Map<string, string>();
  for (const { id, aliases, hidden, summary, description } of commands) {
    if (hidden === true) continue;
    for (const name of [id, ...aliases]) {
      const parts = name.split(':');
      if (parts.length <= path.length || !path.every((word, at) => parts[at] === word)) continue;
      const word = parts[path.length] ?? '';
      const isWhole = parts.length === path.length + 1;
      const told = isWhole ? (summary ?? description ?? '') : (topics[word] ?? '');
      if (!words.has(word) || (isWhole && told !== '')) words.set(word, told);
    }
  }
  return words;
}

/** The command of these words, by its name or an alias. */
export function commandAt({ commands }: CommandTree, path: readonly string[]): CommandModel | undefined {
  const id = path.join(':');
  return commands.find(({ id: name, aliases, hiddenAliases = [] }) =>
    // oclif takes aliases with blanks as well.
    [name, ...aliases, ...hiddenAliases].some((word) => word.replaceAll(' ', ':') === id),
  );
}
