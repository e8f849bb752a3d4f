/** One thing that is wrong with a VMFile, with its place. */
export interface VmFileProblem {
  /** Absolute path of the VMFile. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string | undefined;
}
