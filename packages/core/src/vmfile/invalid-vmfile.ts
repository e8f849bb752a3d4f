import { basename } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { codeFrame } from './code-frame.js';
import { printable } from './printable.js';
import type { VmFileProblem } from './problem.js';
import type { SourceText, TextRange } from './source-text.js';

/** How many problems are printed; people mend the first ones first. */
const MOST_PRINTED = 20;

/** A problem whose place in the text is known. */
export interface PlacedProblem {
  readonly range: TextRange;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What {@link invalidVmFile} tells. */
export interface InvalidVmFile {
  /** Absolute. */
  readonly path: string;
  readonly source: SourceText;
  /** In any order; at least one. */
  readonly problems: readonly PlacedProblem[];
  /** How many there are in all, when not all of them are given. */
  readonly count?: number | undefined;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** The error VMCTL_VMFILE_INVALID: every problem with its place, a code frame and a hint, in the file's order. */
export function invalidVmFile({ path, source, problems, count, hint, cause }: InvalidVmFile): VmctlError {
  const sorted = withoutRepetition(problems.map(safe)).toSorted(
    (a, b) => a.range.start - b.range.start || a.message.localeCompare(b.message, 'en'),
  );
  const repeated = problems.length - sorted.length;
  const total = Math.max(sorted.length, (count ?? 0) - repeated);
  const printed = sorted.slice(0, MOST_PRINTED).map((problem) => print(problem, source, basename(path)));
  const rest = total - printed.length;
  return new VmctlError('VMCTL_VMFILE_INVALID', {
    message: [
      `${path} has ${total === 1 ? 'a problem' : `${total} problems`}:`,
      ...printed,
      ...(rest > 0 ? [`… and ${rest} more.`] : []),
    ].join('\n\n'),
    hint,
    cause,
    details: { count: total, problems: sorted.map((problem) => asData(problem, source, path)) },
  });
}

/** Messages quote the file, and those of plugins hold anything. */
function safe({ range, message, hint }: PlacedProblem): PlacedProblem {
  return { range, message: printable(message), hint: hint === undefined ? undefined : printable(hint) };
}

/** The same words about the same place are said once. */
function withoutRepetition(problems: readonly PlacedProblem[]): readonly PlacedProblem[] {
  return [...new Map(problems.map((each) => [`${each.range.start} ${each.message}`, each])).values()];
}

function print({ range, message, hint }: PlacedProblem, source: SourceText, file: string): string {
  const { line, column } = source.position(range.start);
  const lines = [`${file}:${line}:${column}: ${message}`, codeFrame(source, range)];
  if (hint !== undefined) lines.push(`  hint: ${hint}`);
  return lines.join('\n');
}

function asData({ range, message, hint }: PlacedProblem, source: SourceText, file: string): VmFileProblem {
  const { line, column } = source.position(range.start);
  return { file, line, column, message, ...(hint === undefined ? {} : { hint }) };
}
