// The parts of kdljs that vmctl uses. The package's own entry would build a second parser, for its query language.

declare module 'kdljs/src/parser/kdl.js' {
  import type { KdlToken } from 'kdljs/src/parser/tokens.js';

  export const lexer: {
    readonly config: { recoveryEnabled: boolean };
    tokenize(text: string): {
      readonly tokens: KdlToken[];
      readonly errors: readonly { readonly offset: number; readonly length: number }[];
    };
  };

  export const parser: {
    input: KdlToken[];
    /** The document, as far as it could be read; kdljs gives undefined when it gave up. */
    document(): unknown;
    /** Tokens at the end of the input have NaN for offsets. */
    readonly errors: readonly {
      readonly token: KdlToken | undefined;
      readonly previousToken?: KdlToken | undefined;
    }[];
  };
}

declare module 'kdljs/src/parser/tokens.js' {
  export interface KdlTokenType {
    readonly name: string;
    readonly tokenTypeIdx?: number;
  }

  export interface KdlToken {
    image: string;
    startOffset: number;
    endOffset?: number;
    tokenTypeIdx: number;
    tokenType: KdlTokenType;
  }

  type T = KdlTokenType;
  export const BlockComment: T;
  export const Boolean: T;
  export const CloseMultiLineComment: T;
  export const CloseQuote: T;
  export const Equals: T;
  export const Float: T;
  export const FloatKeyword: T;
  export const Identifier: T;
  export const Integer: T;
  export const LeftBrace: T;
  export const MultiLineCloseQuote: T;
  export const MultiLineOpenQuote: T;
  export const MultiLineRawString: T;
  export const NewLine: T;
  export const Null: T;
  export const OpenMultiLineComment: T;
  export const OpenQuote: T;
  export const RawString: T;
  export const RightBrace: T;
  export const Unicode: T;
  export const UnicodeEscape: T;
  export const WhiteSpace: T;
}
