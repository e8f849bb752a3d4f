import type { ErrorReport } from '../errors/error-report.js';
import type { Style } from './style.js';

/** An error as a person reads it: what happened, its code, and what to do. */
export function errorText(error: ErrorReport, style: Style): string {
  const lines = [`${style.bad('Error:')} ${error.message}`, style.dim(`[${error.code}]`)];
  if (error.hint !== undefined) lines.push(`${style.strong('Try:')} ${error.hint}`);
  return lines.join('\n');
}
