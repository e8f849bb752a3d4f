import { reportError } from '../errors/error-report.js';
import { EXIT } from '../errors/registry.js';
import { isVmctlError } from '../errors/vmctl-error.js';
import { errorText } from '../ui/error-text.js';
import { styleFor } from '../ui/style.js';

/** Shows an error on stderr: one that was foreseen as its message, any other with where it comes from. */
export function showError(error: Error): void {
  const style = styleFor(process.stderr);
  const report = reportError(error);
  if (isForeseen(error)) {
    process.stderr.write(`${errorText(report, style)}\n`);
    return;
  }
  const hint = 'This is a defect, of vmctl or of a plugin. Report it, with the lines below.';
  process.stderr.write(`${errorText({ ...report, hint }, style)}\n`);
  const trace = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  if (trace.length > 0) process.stderr.write(`${style.dim(trace.join('\n'))}\n`);
}

/** One of ours, or one of the operating system: its message says it all. */
function isForeseen(error: Error): boolean {
  return isVmctlError(error) || ('code' in error && typeof error.code === 'string');
}

/** The exit status of a command that ends with this error. */
export function exitStatus(error: unknown): number {
  const { exitCode, oclif } = error as { exitCode?: unknown; oclif?: { exit?: unknown } };
  if (typeof exitCode === 'number') return exitCode;
  return typeof oclif?.exit === 'number' ? oclif.exit : EXIT.failure;
}

/** An error as the one document that a command prints with `--json`. */
export function errorDocument(error: unknown): { readonly error: ReturnType<typeof reportError> } {
  return { error: reportError(error) };
}

/** Whether a command line asks for JSON; for what ends before its command begins. */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
}
