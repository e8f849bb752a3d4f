import type { StepReference } from '../events/events.js';
import { oneLine } from './printable.js';

/** How a step ended, for the log. */
export type StepEnd =
  | { readonly kind: 'done'; readonly exitCode: number | undefined }
  | { readonly kind: 'failed'; readonly exitCode: number | undefined; readonly message: string }
  | { readonly kind: 'interrupted' };

/** The line of provision.log above a step's output. */
export function stepHeader(step: StepReference, now: Date): string {
  return `==> ${now.toISOString()} ${stepTitle(step)}: started\n`;
}

/** The line below it. */
export function stepFooter(step: StepReference, end: StepEnd, durationMs: number, now: Date): string {
  const exit = end.kind === 'interrupted' || end.exitCode === undefined ? '' : `, exit code ${end.exitCode}`;
  const why = end.kind === 'failed' ? `: ${oneLine(end.message)}` : '';
  const took = `${(durationMs / 1000).toFixed(1)} s`;
  return `<== ${now.toISOString()} ${stepTitle(step)}: ${end.kind}${exit}, ${took}${why}\n`;
}

/** The line for a step that did not run. */
export function stepSkipped(step: StepReference, reason: string, now: Date): string {
  return `==> ${now.toISOString()} ${stepTitle(step)}: skipped, ${oneLine(reason)}\n`;
}

function stepTitle({ index, count, name, provisioner }: StepReference): string {
  return `step ${index}/${count} ${oneLine(name)} (${provisioner})`;
}
