import type { ConfigFile, KeyPath } from './config-file.js';
import type { TextRange } from '../vmfile/source-text.js';

/** One thing that is wrong with the configuration. */
export type ConfigProblem = {
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
} & (
  | {
      readonly file: ConfigFile;
      /** Where in the configuration; empty: the file as a whole. */
      readonly key: KeyPath;
      /** Where in the text; undefined when that is not known. */
      readonly range: TextRange | undefined;
    }
  | { readonly variable: string }
);

/** Collects what is wrong while everything is read, so that all of it is said at once. */
export class ConfigProblems {
  readonly #problems: ConfigProblem[] = [];

  get all(): readonly ConfigProblem[] {
    return this.#problems;
  }

  /** Something in a file. */
  inFile(
    file: ConfigFile,
    key: KeyPath,
    message: string,
    options: { readonly part?: 'key' | 'value' | undefined; readonly hint?: string | undefined } = {},
  ): void {
    const range = file.range?.(key, options.part ?? 'value');
    this.#problems.push({ file, key, range, message, hint: options.hint });
  }

  add(problem: ConfigProblem): void {
    this.#problems.push(problem);
  }
}
