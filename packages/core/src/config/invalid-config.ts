import { VmctlError } from '../errors/vmctl-error.js';
import { codeFrame } from '../vmfile/code-frame.js';
import { printable } from '../vmfile/printable.js';
import { keyText } from './config-file.js';
import type { ConfigProblem } from './problem.js';

/** How many problems are printed; people mend the first ones first. */
const MOST_PRINTED = 20;

/** One thing that is wrong with the configuration, as data. */
export interface ReportedConfigProblem {
  /** Absolute; undefined for a variable. */
  readonly file?: string | undefined;
  /** From 1; undefined where the text does not tell. */
  readonly line?: number | undefined;
  /** From 1, in characters. */
  readonly column?: number | undefined;
  /** Which setting: `timeouts.stop`; undefined for a file as a whole, and for variables. */
  readonly key?: string | undefined;
  /** The variable of the environment that is wrong. */
  readonly variable?: string | undefined;
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string | undefined;
}

/** The error VMCTL_CONFIG_INVALID: every problem with its place, a code frame where there is a text, and a hint. */
export function invalidConfig(problems: readonly ConfigProblem[]): VmctlError {
  const reported = problems.map(reportProblem);
  const printed = problems.slice(0, MOST_PRINTED).map((problem) => print(problem, reportProblem(problem)));
  const rest = problems.length - printed.length;
  return new VmctlError('VMCTL_CONFIG_INVALID', {
    message: [
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:`,
      ...printed,
      ...(rest > 0 ? [`… and ${rest} more.`] : []),
    ].join('\n\n'),
    hint: 'What there is to set, and where: vmctl config',
    cause: problems.find(({ cause }) => cause !== undefined)?.cause,
    details: { count: problems.length, problems: reported },
  });
}

/** A problem as data. */
export function reportProblem(problem: ConfigProblem): ReportedConfigProblem {
  const message = printable(problem.message);
  const said = { message, ...(problem.hint === undefined ? {} : { hint: printable(problem.hint) }) };
  if ('variable' in problem) return { variable: problem.variable, ...said };
  const { file, key, range } = problem;
  const place = range === undefined ? undefined : file.text?.position(range.start);
  return { file: file.path, ...place, ...(key.length === 0 ? {} : { key: keyText(key) }), ...said };
}

function print(problem: ConfigProblem, { file, line, column, message, hint }: ReportedConfigProblem): string {
  if ('variable' in problem) {
    return [`The environment variable ${problem.variable} ${message}`, ...hintLine(hint)].join('\n');
  }
  const place = line === undefined ? '' : `:${line}:${column}`;
  const { text } = problem.file;
  const frame = problem.range === undefined || text === undefined ? [] : [codeFrame(text, problem.range)];
  return [`${file}${place}: ${message}`, ...frame, ...hintLine(hint)].join('\n');
}

function hintLine(hint: string | undefined): readonly string[] {
  return hint === undefined ? [] : [`  hint: ${hint}`];
}
