/** Where a value of the configuration comes from. */
export type Origin =
  | { readonly source: 'default' }
  | { readonly source: 'flag'; readonly flag: string }
  | { readonly source: 'variable'; readonly variable: string }
  | {
      /** `project`: the file of the project; `user`: the user's own. */
      readonly source: 'project' | 'user';
      /** Absolute. */
      readonly file: string;
      /** From 1; undefined for files that are programs. */
      readonly line?: number | undefined;
      /** From 1, in characters. */
      readonly column?: number | undefined;
    };

/** A value and where it comes from. */
export interface Configured<T> {
  readonly value: T;
  readonly origin: Origin;
}
