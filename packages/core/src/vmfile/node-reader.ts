import type { KdlNode } from './kdl-tree.js';
import type { Locator } from './locator.js';
import { NodeNames } from './node-names.js';
import type { NodePart, SettingOptions, VmFileNode, VmFileValue } from './node.js';
import type { ProblemList } from './problem-list.js';
import { documentSubject, placeOf, type Subject, subjectsIn } from './subject.js';
import {
  booleanKind,
  integerKind,
  numberKind,
  oneOfKind,
  pathKind,
  plainTextKind,
  show,
  textKind,
  type ValueKind,
} from './value-kinds.js';

/** What all readers of one file share. */
export interface ReaderContext {
  /** Absolute. */
  readonly baseDir: string;
  readonly homeDir: string;
  readonly problems: ProblemList;
  /** Knows how numbers are written; undefined when all are written as JavaScript prints them. */
  readonly locator: Locator | undefined;
}

/** Reads one node strictly: what nobody asked for is a problem. */
export class NodeReader implements VmFileNode {
  readonly #context: ReaderContext;
  readonly #subject: Subject;
  /** Child nodes and properties, by name. */
  #content: ReadonlyMap<string, readonly Subject[]> | undefined;
  /** Readers of those that the owner asked for. */
  readonly #readers = new Map<string, readonly NodeReader[]>();
  readonly #names = new NodeNames();
  /** Arguments that the owner read. */
  readonly #read = new Set<number>();
  /** Whether its owner reads its first argument; it is part of how messages call the node. */
  #isNamed = false;
  /** Whether its owner takes it for a setting: one value and nothing else. */
  #isSetting = false;
  /** Whether a problem was reported already, so that what is left unread is not worth another one. */
  #excused = false;

  private constructor(subject: Subject, context: ReaderContext) {
    this.#subject = subject;
    this.#context = context;
  }

  /** The reader of a whole document, whose nodes are its children. */
  static document(nodes: readonly KdlNode[], context: ReaderContext): NodeReader {
    return new NodeReader(documentSubject(nodes), context);
  }

  get name(): string {
    return this.#subject.node.name;
  }

  get arguments(): readonly VmFileValue[] {
    return this.#subject.node.values;
  }

  get baseDir(): string {
    return this.#context.baseDir;
  }

  /** What relative paths and `~` are relative to; for {@link pathKind}. */
  get pathRoots(): { readonly baseDir: string; readonly homeDir: string } {
    return this.#context;
  }

  /** What messages call it: `network "tap"`. */
  get title(): string {
    if (this.#isDocument) return 'the file';
    const [first] = this.arguments;
    return typeof first === 'string' && this.#isNamed ? `${this.name} ${show(first)}` : this.name;
  }

  string(name: string, options?: SettingOptions<string>): string | undefined {
    return this.setting(name, textKind, options);
  }

  number(name: string, options?: SettingOptions<number>): number | undefined {
    return this.setting(name, numberKind, options);
  }

  integer(name: string, options?: SettingOptions<number>): number | undefined {
    return this.setting(name, integerKind, options);
  }

  boolean(name: string, options?: SettingOptions<boolean>): boolean | undefined {
    return this.setting(name, booleanKind, options);
  }

  oneOf<T extends string>(name: string, words: readonly T[], options?: SettingOptions<T>): T | undefined {
    return this.setting(name, oneOfKind(words), options);
  }

  path(name: string, options?: SettingOptions<string>): string | undefined {
    return this.setting(name, pathKind(this.#context), options);
  }

  /** The one value of the setting `name`, of a kind of the caller's. */
  setting<T>(name: string, kind: ValueKind<T>, options: SettingOptions<T> = {}): T | undefined {
    const entry = this.child(name);
    if (entry === undefined) {
      if (options.required === true) {
        this.problem(`${this.title} needs "${name}"`, { hint: `Add it: ${name} ${kind.example}` });
      }
      return undefined;
    }
    entry.#isSetting = true;
    if (entry.arguments.length === 0) {
      entry.#lacksValue(kind);
      return undefined;
    }
    return entry.#value(0, kind, show(name), options.check);
  }

  strings(name: string): readonly string[] | undefined {
    const entries = this.children(name);
    if (entries.length === 0) return undefined;
    const property = entries.find((entry) => entry.#subject.isProperty);
    if (property !== undefined && entries.length > 1) this.#givenTwice(property);
    return entries.flatMap((entry) => {
      if (entry.arguments.length === 0) entry.#lacksValue(plainTextKind);
      return entry.arguments.flatMap((_, index) => entry.#value(index, plainTextKind, show(name)) ?? []);
    });
  }

  map(name: string): Readonly<Record<string, string>> | undefined {
    const entry = this.child(name);
    if (entry === undefined) return undefined;
    const pairs = [...entry.#contents.keys()].flatMap((key): [string, string][] => {
      const value = entry.setting(key, plainTextKind);
      return value === undefined ? [] : [[key, value]];
    });
    return Object.fromEntries(pairs);
  }

  argument(
    index: number,
    options: SettingOptions<string> & { readonly what?: string } = {},
  ): string | undefined {
    return this.positional(index, textKind, options);
  }

  /** The positional argument, of a kind of the caller's. */
  positional<T>(
    index: number,
    kind: ValueKind<T>,
    options: SettingOptions<T> & { readonly what?: string } = {},
  ): T | undefined {
    const what = options.what ?? (index === 0 ? 'argument' : `argument ${index + 1}`);
    if (index === 0) this.#isNamed = true;
    if (index < this.arguments.length) return this.#value(index, kind, `the ${what}`, options.check);
    if (options.required === true) {
      this.problem(`${this.title} lacks its ${what}`, { hint: `Write ${this.title} ${kind.example}` });
    }
    return undefined;
  }

  child(name: string): NodeReader | undefined {
    const [first, ...more] = this.children(name);
    for (const entry of more) this.#givenTwice(entry);
    return first;
  }

  children(name: string): readonly NodeReader[] {
    this.#names.ask(name);
    let readers = this.#readers.get(name);
    if (readers === undefined) {
      readers = (this.#contents.get(name) ?? []).map((subject) => new NodeReader(subject, this.#context));
      this.#readers.set(name, readers);
    }
    return readers;
  }

  has(name: string): boolean {
    this.#names.ask(name);
    return this.#contents.has(name);
  }

  problem(
    message: string,
    options: { readonly at?: NodePart; readonly hint?: string | undefined; readonly cause?: unknown } = {},
  ): void {
    const { at } = options;
    if (at?.kind === 'setting') this.#names.settle(at.name);
    if (at?.kind === 'argument') this.#read.add(at.index);
    const setting = at?.kind === 'setting' ? this.#contents.get(at.name)?.[0] : undefined;
    const place =
      setting === undefined
        ? placeOf(this.#subject, at?.kind === 'argument' ? at.index : undefined)
        : placeOf(setting, 0);
    this.#context.problems.add(place, message, options);
  }

  /** What to say when `name` turns up here, where it has no meaning. */
  hintAbout(name: string, hint: string): void {
    this.#names.hintAbout(name, hint);
  }

  /** Names of what is in it that the owner has not asked for, in no particular order. */
  get unasked(): readonly string[] {
    return [...this.#contents.keys()].filter((name) => this.#names.isUnasked(name));
  }

  /** Names that could be here as well, and what to say when an unknown one resembles none of all. */
  suggest(names: readonly string[], elsewhere: string): void {
    this.#names.suggest(names, elsewhere);
  }

  /** What has this name will not be read, and that is no problem. */
  passOver(name: string): void {
    this.#names.settle(name);
  }

  /** Nothing more in it will be read: it was reported as a whole. */
  excuse(): void {
    this.#excused = true;
  }

  /** Reports what nobody has read, here and in all nodes that were handed out. */
  finish(): void {
    if (this.#excused) return;
    for (const [index, value] of this.arguments.entries()) {
      if (!this.#read.has(index)) this.#unexpectedArgument(index, value);
    }
    for (const [name, subjects] of this.#contents) {
      const readers = this.#readers.get(name);
      if (readers !== undefined) for (const reader of readers) reader.finish();
      else if (!this.#names.isSettled(name)) for (const subject of subjects) this.#unknown(subject);
    }
  }

  get #isDocument(): boolean {
    return this.#subject.path.length === 0;
  }

  get #contents(): ReadonlyMap<string, readonly Subject[]> {
    this.#content ??= subjectsIn(this.#subject);
    return this.#content;
  }

  #value<T>(
    index: number,
    kind: ValueKind<T>,
    subject: string,
    check?: (value: T) => string | undefined,
  ): T | undefined {
    this.#read.add(index);
    const value = this.arguments[index];
    if (value === undefined) return undefined;
    const at = { kind: 'argument', index } as const;
    const written = this.#context.locator?.written(placeOf(this.#subject, index)) ?? show(value);
    const reading = kind.read(value, written);
    if ('wrong' in reading) {
      this.problem(`${subject} ${reading.wrong}`, { at, hint: reading.hint });
      return undefined;
    }
    const complaint = check?.(reading.value);
    if (complaint === undefined) return reading.value;
    // "must be …" goes on where the setting's name stops; a whole sentence stands by itself.
    this.problem(/^\p{Lu}/u.test(complaint) ? complaint : `${subject} ${complaint}`, { at });
    return undefined;
  }

  #lacksValue(kind: ValueKind<unknown>): void {
    this.problem(`"${this.name}" needs a value`, { hint: `Write ${this.name} ${kind.example}` });
    this.#excused = true;
  }

  #givenTwice(entry: NodeReader): void {
    if (entry.#excused) return;
    entry.problem(`"${entry.name}" is given twice in ${this.title}`, {
      hint: entry.#subject.isProperty ? 'Keep the property or the child node.' : 'Keep one of them.',
    });
    entry.#excused = true;
  }

  #unexpectedArgument(index: number, value: VmFileValue): void {
    const at = { kind: 'argument', index } as const;
    if (this.#isSetting) {
      this.problem(`"${this.name}" takes one value only`, { at });
      return;
    }
    const meant = typeof value === 'string' ? this.#names.meant(value) : undefined;
    this.problem(`unexpected argument ${show(value)} in ${this.title}`, {
      at,
      hint: meant === undefined ? undefined : `To set it, write ${meant}=…`,
    });
  }

  #unknown(subject: Subject): void {
    const { problems } = this.#context;
    const { name } = subject.node;
    const what = this.#isDocument ? 'node' : 'setting';
    problems.add(placeOf(subject), `unknown ${what} ${show(name)} in ${this.title}`, {
      // Looking for near words takes time, and nobody will see them.
      hint: problems.full ? undefined : this.#names.hintForUnknown(name, this.title),
    });
  }
}
