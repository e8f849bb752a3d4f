import { resolve } from 'node:path';
import { type ErrorReport, reportError } from '../errors/error-report.js';
import type { Runtime } from './runtime.js';

/** What to format. */
export interface FormatOptions {
  /** Paths, relative to the working directory. Default: the VMFile of the working directory or its parents. */
  readonly files?: readonly string[] | undefined;
  /** Write nothing. Default false. */
  readonly check?: boolean | undefined;
}

/** What became of one file. Field names are those of `vmctl fmt --json`. */
export type FormattedFile =
  | {
      /** As it was given; absolute when it was looked for. */
      readonly path: string;
      /** `unformatted`: it would be changed, and `check` was asked for. */
      readonly outcome: 'formatted' | 'unchanged' | 'unformatted';
    }
  | { readonly path: string; readonly outcome: 'failed'; readonly error: ErrorReport };

/** A text, and whether it was in form already. */
export interface FormattedText {
  readonly text: string;
  readonly outcome: 'formatted' | 'unchanged';
}

/**
 * Formats VMFiles, which may have any settings as long as they are KDL. One that cannot be formatted stays as it is and
 * does not stop the others.
 *
 * @throws VMCTL_VMFILE_NOT_FOUND when no file is named and there is none
 */
export async function format(
  runtime: Runtime,
  { files = [], check = false }: FormatOptions = {},
): Promise<readonly FormattedFile[]> {
  const { findVmFile } = await import('../vmfile/find-vmfile.js');
  const paths = files.length > 0 ? new Set(files) : [await findVmFile(runtime.cwd)];
  const results: FormattedFile[] = [];
  for (const path of paths) {
    try {
      results.push({ path, outcome: await formatFile(resolve(runtime.cwd, path), check) });
    } catch (error) {
      results.push({ path, outcome: 'failed', error: reportError(error) });
    }
  }
  return results;
}

async function formatFile(path: string, check: boolean): Promise<'formatted' | 'unchanged' | 'unformatted'> {
  const { readVmFileBytes } = await import('../vmfile/read-vmfile.js');
  const { text, outcome } = await formatBytes(await readVmFileBytes(path), path);
  if (outcome === 'unchanged') return outcome;
  if (check) return 'unformatted';
  const { replaceContent } = await import('../host/replace-content.js');
  await replaceContent(path, text);
  return 'formatted';
}

/**
 * The formatted text of a VMFile that is not in a file.
 *
 * @param bytes - UTF-8
 * @param name - what it is called in messages; absolute, if it is a path
 * @throws VMCTL_VMFILE_INVALID for what is not KDL 2, with the place of every fault
 */
export async function formatBytes(bytes: Uint8Array, name: string): Promise<FormattedText> {
  const [{ decodeText }, { formatVmFile }] = await Promise.all([
    import('../vmfile/file-content.js'),
    import('../vmfile/format-vmfile.js'),
  ]);
  const text = await formatVmFile(await decodeText(bytes, name), name);
  return { text, outcome: Buffer.from(text).equals(bytes) ? 'unchanged' : 'formatted' };
}
