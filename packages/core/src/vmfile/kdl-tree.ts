import type { VmFileValue } from './node.js';

/** A node as kdljs gives it. */
export interface KdlNode {
  readonly name: string;
  readonly values: readonly VmFileValue[];
  readonly properties: Readonly<Record<string, VmFileValue>>;
  readonly children: readonly KdlNode[];
  /** Type annotations: `(u8)4`. */
  readonly tags: {
    readonly name: string | undefined;
    readonly values: readonly (string | undefined)[];
    readonly properties: Readonly<Record<string, string | undefined>>;
  };
}

/** What became of a text. Offsets and lengths count UTF-16 units. */
export type KdlParseResult =
  | {
      readonly ok: true;
      readonly nodes: readonly KdlNode[];
      /**
       * False: something may be in the text that the tree does not say, a repeated property or the way a number
       * was written.
       */
      readonly faithful: boolean;
    }
  | KdlFailure;

/** A text that is not KDL, as far as its parser tells. */
export interface KdlFailure {
  readonly ok: false;
  /** Nested too deep, or too many words, for the parsers; they are not tried. */
  readonly reason: 'syntax' | 'too-deep' | 'too-long';
  /** Where the parser gave up. */
  readonly offset: number;
  readonly length: number;
  /** The innermost thing that is opened before that place and not closed: `{`, `/*`, `"` or `"""`. */
  readonly unclosed?: { readonly offset: number; readonly opening: string } | undefined;
}
