import { type Stats, statSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { codeOf, messageOf } from './thrown.js';

/** Something that is wrong with a setting, and what to do. */
export interface Complaint {
  readonly message: string;
  readonly hint?: string;
}

/** What is at a path of the host, or why it cannot be told. `setting` is what the VMFile calls it. */
export function lookAt(
  setting: string,
  path: string,
  baseDir: string,
): { readonly stats: Stats } | { readonly complaint: Complaint } {
  try {
    return { stats: statSync(path) };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') {
      return { complaint: { message: `"${setting}" cannot be read: ${messageOf(error)}` } };
    }
    return {
      complaint: {
        message: `"${setting}" names what does not exist: ${path}`,
        hint: `Paths are relative to the VMFile's directory, ${baseDir}.`,
      },
    };
  }
}

/** A path as people wrote it: relative to the VMFile where it is below it. */
export function shortPath(path: string, baseDir: string): string {
  const short = relative(baseDir, path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
