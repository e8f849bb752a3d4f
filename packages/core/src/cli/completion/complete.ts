import { guestCommandVerbs } from '../guest-command-line.js';
import { JSON_FLAG } from '../json-flag.js';
import {
  commandAt,
  type CommandModel,
  type CommandTree,
  type FlagModel,
  wordsBelow,
} from './command-model.js';
import { argumentKind, flagKind, type ValueKind } from './value-kinds.js';

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string;
  /** One line; may be empty. */
  readonly about: string;
}

/** What a shell is told. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** What the shell adds by itself. */
  readonly paths?: 'files' | 'directories' | undefined;
  /** Something follows the word without a blank. */
  readonly goesOn?: boolean | undefined;
}

/** What the words before say about a value. */
export interface ValueContext {
  /** The VMFile that was named. */
  readonly file: string | undefined;
  /** The VMs of the VMFile that were named, as arguments or with `--name`. */
  readonly names: readonly string[];
  /** The arguments before. */
  readonly args: readonly string[];
}

/** Finds values of a kind; gives none for what cannot be read, and never an error. */
export type FindValues = (kind: ValueKind, context: ValueContext) => Promise<readonly Candidate[]>;

const NOTHING: Completion = { candidates: [] };

/**
 * What may stand where the cursor is.
 *
 * @param words - what was typed after `vmctl`; the last one is being typed, and may be empty
 */
export async function complete(
  words: readonly string[],
  tree: CommandTree,
  find: FindValues,
): Promise<Completion> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const path: string[] = [];
  for (const word of before) {
    if (!wordsBelow(tree, path).has(word) && commandAt(tree, [...path, word]) === undefined) break;
    path.push(word);
  }
  const command = commandAt(tree, path);
  const rest = before.slice(path.length);
  const below =
    rest.length === 0 && !current.startsWith('-') ? wordsBelow(tree, path) : new Map<string, string>();
  const subcommands = [...below]
    .map(([word, about]) => ({ word, about }))
    .toSorted((a, b) => (a.word < b.word ? -1 : 1));
  if (command === undefined)
    return rest.length === 0 ? matching({ candidates: subcommands }, current) : NOTHING;
  const typed = new TypedWords(command, rest);
  const own = await ofCommand(command, typed, current, find);
  return matching({ ...own, candidates: [...subcommands, ...own.candidates] }, current);
}

async function ofCommand(
  command: CommandModel,
  typed: TypedWords,
  current: string,
  find: FindValues,
): Promise<Completion> {
  if (typed.isGuests) return NOTHING;
  if (typed.open !== undefined) return valueOf(command, typed.open, '', typed, find);
  const [, name = '', equals] = /^--([^=]+)(=)?/.exec(current) ?? [];
  const flag = command.flags[name];
  if (equals !== undefined && !typed.isOver) {
    return flag?.type === 'option' ? valueOf(command, flag, `--${name}=`, typed, find) : NOTHING;
  }
  if (current.startsWith('-') && !typed.isOver) return { candidates: flagWords(command, typed) };
  const kind = argumentKind(command, typed.args.length);
  if (kind === undefined) return NOTHING;
  // `web:…` is a path in a guest, which nobody asks for it.
  if (kind === 'file-or-vm' && /^[^/]+:/.test(current)) return NOTHING;
  const { candidates, ...rest } = await ofKind(kind, typed, find);
  return { ...rest, candidates: candidates.filter(({ word }) => !typed.args.includes(word)) };
}

async function valueOf(
  command: CommandModel,
  flag: FlagModel,
  prefix: string,
  typed: TypedWords,
  find: FindValues,
): Promise<Completion> {
  const { candidates, ...rest } =
    flag.options === undefined
      ? await ofKind(flagKind(command, flag), typed, find)
      : { candidates: flag.options.map((word) => ({ word, about: '' })) };
  return { ...rest, candidates: candidates.map(({ word, about }) => ({ word: prefix + word, about })) };
}

async function ofKind(kind: ValueKind, { context }: TypedWords, find: FindValues): Promise<Completion> {
  switch (kind) {
    case 'unknown':
      return NOTHING;
    case 'file':
      return { candidates: [], paths: 'files' };
    case 'directory':
      return { candidates: [], paths: 'directories' };
    case 'file-or-vm': {
      const vms = await find('vm', context);
      const candidates = vms.map(({ word, about }) => ({ word: `${word}:`, about }));
      return { candidates, paths: 'files', goesOn: true };
    }
    default:
      return { candidates: await find(kind, context) };
  }
}

function flagWords({ flags }: CommandModel, typed: TypedWords): Candidate[] {
  // What every command has comes last.
  const { json, ...own } = flags;
  const all = [...Object.values(own), ...(json === undefined ? [] : [{ ...json, description: JSON_FLAG }])];
  return all.flatMap((flag) => {
    const { name, hidden, type, allowNo, multiple, summary, description = '' } = flag;
    if (hidden === true || (multiple !== true && typed.flags.has(name))) return [];
    const about = summary ?? description;
    const words = type === 'boolean' && allowNo === true ? [`--${name}`, `--no-${name}`] : [`--${name}`];
    return words.map((word) => ({ word, about }));
  });
}

function matching(completion: Completion, current: string): Completion {
  const candidates = completion.candidates.filter(({ word }) => word.startsWith(current));
  return { ...completion, candidates };
}

/** The words between a command and the cursor. */
class TypedWords {
  readonly args: string[] = [];
  readonly flags = new Set<string>();
  /** The flag whose value is being typed. */
  readonly open: FlagModel | undefined;
  /** Whether `--` has ended the flags. */
  readonly isOver: boolean;
  /** Whether the word belongs to a command for the guest. */
  readonly isGuests: boolean;
  readonly #command: CommandModel;
  readonly #values = new Map<string, string[]>();

  constructor(command: CommandModel, words: readonly string[]) {
    this.#command = command;
    let open: FlagModel | undefined;
    let isOver = false;
    for (const word of words) {
      if (open !== undefined) {
        this.#note(open, word);
        open = undefined;
      } else if (isOver || !word.startsWith('-') || word === '-') this.args.push(word);
      else if (word === '--') isOver = true;
      else open = this.#flag(command, word);
    }
    this.open = open;
    this.isOver = isOver;
    this.isGuests = Object.hasOwn(guestCommandVerbs, command.id) && (isOver || this.args.length > 1);
  }

  get context(): ValueContext {
    const declared = this.args.filter((_, index) => argumentKind(this.#command, index) === 'declared-vm');
    return {
      file: this.#values.get('file')?.at(-1),
      names: [...declared, ...(this.#values.get('name') ?? [])],
      args: this.args,
    };
  }

  /** Notes a flag; gives it when its value has to follow. */
  #flag(command: CommandModel, word: string): FlagModel | undefined {
    const [, long, value] = /^--([^=]+)(?:=([^]*))?$/.exec(word) ?? [];
    if (long !== undefined) {
      const flag = command.flags[long] ?? command.flags[long.replace(/^no-/, '')];
      if (flag === undefined) return undefined;
      this.flags.add(flag.name);
      if (value !== undefined) this.#note(flag, value);
      return flag.type === 'option' && value === undefined ? flag : undefined;
    }
    const flag = Object.values(command.flags).find(({ char }) => char === word[1]);
    if (flag === undefined) return undefined;
    this.flags.add(flag.name);
    if (flag.type === 'boolean') return undefined;
    if (word.length === 2) return flag;
    this.#note(flag, word.slice(word[2] === '=' ? 3 : 2));
    return undefined;
  }

  #note({ name }: FlagModel, value: string): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
  }
}
