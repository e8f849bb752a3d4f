import type { SourceText, TextRange } from '../vmfile/source-text.js';
import type { Origin } from './origin.js';

/** Where something stands in a configuration: keys, and positions in lists. */
export type KeyPath = readonly (string | number)[];

/** A file of configuration, read and not yet checked. */
export interface ConfigFile {
  readonly scope: 'project' | 'user';
  /** Absolute. */
  readonly path: string;
  /** What it says; anything. */
  readonly value: unknown;
  /** Its text; undefined for a program, whose values have no place in it. */
  readonly text?: SourceText | undefined;
  /** Where a key, or its value, stands in the text. */
  readonly range?: ((path: KeyPath, part: 'key' | 'value') => TextRange | undefined) | undefined;
}

/** Where a value of a file comes from. */
export function originIn(file: ConfigFile, path: KeyPath): Origin {
  const range = file.range?.(path, 'key');
  const place = range === undefined ? undefined : file.text?.position(range.start);
  return { source: file.scope, file: file.path, ...place };
}

/** `images.mirrors["https://example.org/"]`: how people write a place in a configuration. */
export function keyText(path: KeyPath): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      if (!/^[\w$-]+$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}
