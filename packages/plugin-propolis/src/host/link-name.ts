import { createHash } from 'node:crypto';

/** Characters of a link's name (`MAXLINKNAMELEN` is 32 with its end). */
const LONGEST = 31;
/** Nine digits, none of them a leading zero: the number of a link is below 2^32. */
const LOWEST_NUMBER = 100_000_000;
const NUMBERS = 900_000_000;

/**
 * Why illumos would refuse a link of that name, as the end of a sentence; undefined when it would not. A name has at
 * most 31 of letters, digits and `_`, begins with a letter and ends in a number without leading zeros.
 */
export function linkNameProblem(name: string): string | undefined {
  if (name.length > LONGEST) return `has ${name.length} characters, and may have ${LONGEST}`;
  if (!/^[A-Za-z0-9_]*$/.test(name)) return 'has others than letters, digits and _';
  if (!/^[A-Za-z]/.test(name)) return 'does not begin with a letter';
  const number = /\d+$/.exec(name)?.[0];
  if (number === undefined) return 'does not end in a digit';
  if (number.length > 1 && number.startsWith('0')) return 'ends in a number with a leading zero';
  if (Number(number) > 0xffff_fffe) return 'ends in a number that is too large';
  return undefined;
}

/**
 * The name of the network card of the VM in that work directory: always the same, so that one which a killed vmctl
 * made and could not write down is found again.
 */
export function linkNameFor(workDir: string): string {
  const digest = createHash('sha256').update(workDir).digest();
  return `vmctl${LOWEST_NUMBER + (digest.readUIntBE(0, 6) % NUMBERS)}`;
}
