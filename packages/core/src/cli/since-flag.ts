import { Flags } from '@oclif/core';
import { VmctlError } from '../errors/vmctl-error.js';
import { parseAge } from './age-flag.js';

/** A flag that takes a moment: how long ago it was (`10m`, `2h`), or a date and time. */
export const sinceFlag = Flags.custom<Date>({
  helpValue: 'WHEN',
  parse: async (text) => parseSince(text, Date.now()),
});

/**
 * Reads a moment: an age ({@link parseAge}), or a date in ISO 8601, with a time or without. One without a time zone is
 * local.
 *
 * @throws VMCTL_USAGE
 */
export function parseSince(text: string, now: number): Date {
  const trimmed = text.trim();
  if (/^\d+(?:\.\d+)?[mhdw]$/.test(trimmed)) return new Date(now - parseAge(trimmed));
  if (/^\d{4}-\d\d-\d\d/.test(trimmed)) {
    // A date alone would be read as midnight in UTC.
    const date = new Date(trimmed.length === 10 ? `${trimmed}T00:00:00` : trimmed);
    if (!Number.isNaN(date.getTime())) return date;
  }
  throw new VmctlError('VMCTL_USAGE', {
    message: `"${text}" is neither an age nor a date.`,
    hint: 'Write how long ago, in m, h, d or w (10m, 2h, 7d), or a date: 2026-03-04, 2026-03-04T15:06',
  });
}
