import { Flags } from '@oclif/core';
import { VmctlError } from '../errors/vmctl-error.js';

const MINUTE_MS = 60_000;
const UNIT_MS: Readonly<Record<string, number>> = {
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: 24 * 60 * MINUTE_MS,
  w: 7 * 24 * 60 * MINUTE_MS,
};

/** A flag that takes an age, as tables show it: `30d`, `12h`. Its value is in milliseconds. */
export const ageFlag = Flags.custom<number>({
  helpValue: 'AGE',
  parse: async (text) => parseAge(text),
});

/**
 * Reads an age: a number and its unit, one of m (minutes), h, d and w.
 *
 * @returns milliseconds
 * @throws VMCTL_USAGE
 */
export function parseAge(text: string): number {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)([mhdw])$/.exec(text.trim()) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (count !== '' && Number.isFinite(ms)) return ms;
  throw new VmctlError('VMCTL_USAGE', {
    message: `"${text}" is not an age.`,
    hint: 'Write a number and m, h, d or w for minutes, hours, days or weeks: 30d',
  });
}
