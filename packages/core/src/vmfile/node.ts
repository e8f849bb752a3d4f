/** A value of the KDL document. */
export type VmFileValue = string | number | boolean | null;

/** The part of a node that a problem is about; the caret points there. Default: the node's name. */
export type NodePart =
  | { readonly kind: 'name' }
  /** Positional argument, from 0. */
  | { readonly kind: 'argument'; readonly index: number }
  /** The value of the setting `name`, whether it is a child node's first argument or a property. */
  | { readonly kind: 'setting'; readonly name: string };

/** How a setting is checked while it is read. */
export interface SettingOptions<T> {
  /** A missing one is a problem. */
  readonly required?: boolean;
  /**
   * Says what is wrong with a value of the right type, or undefined when it is fine. `must be absolute` goes on
   * where the setting's name stops; a sentence that begins with a capital stands by itself.
   */
  readonly check?: (value: T) => string | undefined;
}

/**
 * One node of a VMFile, read by whoever owns it.
 *
 * A reader method returns the value or `undefined`; a value of the wrong type is recorded as a problem with its
 * place, and reading goes on, so that a user sees all problems at once. After the owner is done, everything in
 * the node that nobody read is a problem too ("unknown setting, did you mean …"). A setting is a child node with
 * one argument or a property: `bridge "br0"` and `bridge="br0"` are the same; giving both is a problem.
 */
export interface VmFileNode {
  /** The node's name. */
  readonly name: string;
  /** Its positional arguments, as the text has them. Looking at them is not reading. */
  readonly arguments: readonly VmFileValue[];
  /** Directory of the VMFile: what relative paths are relative to. Absolute. */
  readonly baseDir: string;

  /** A text setting. */
  string(name: string, options?: SettingOptions<string>): string | undefined;
  /** A number setting; never infinite or not a number. */
  number(name: string, options?: SettingOptions<number>): number | undefined;
  /** A whole number; others are a problem. */
  integer(name: string, options?: SettingOptions<number>): number | undefined;
  /** `#true` or `#false`. */
  boolean(name: string, options?: SettingOptions<boolean>): boolean | undefined;
  /** One of the given words; others are a problem that lists them. */
  oneOf<T extends string>(name: string, words: readonly T[], options?: SettingOptions<T>): T | undefined;
  /** All arguments of the child node(s) `name`, as strings: `args "--fast" "x"`; numbers are taken as written. */
  strings(name: string): readonly string[] | undefined;
  /** Properties and one-argument children of the child node `name`: `env { KEY "value" }`, `env KEY="value"`. */
  map(name: string): Readonly<Record<string, string>> | undefined;
  /** A path setting, made absolute: relative to `baseDir`, `~` is the home directory. */
  path(name: string, options?: SettingOptions<string>): string | undefined;
  /** The positional argument as a string; the ones not asked for are a problem. `what` is a noun: `path`. */
  argument(index: number, options?: SettingOptions<string> & { readonly what?: string }): string | undefined;
  /** The only child node of that name; a second one is a problem. Reading it is up to the caller. */
  child(name: string): VmFileNode | undefined;
  /** All child nodes of that name. */
  children(name: string): readonly VmFileNode[];
  /** Whether the setting or child is there at all. Asking is not reading: what is only asked for is a problem. */
  has(name: string): boolean;
  /** Records a problem at a part of this node. `hint` says what to write instead. */
  problem(message: string, options?: { readonly at?: NodePart; readonly hint?: string }): void;
}
