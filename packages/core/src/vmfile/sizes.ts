import { show, type Reading, type ValueKind } from './value-kinds.js';

/** Units in MiB. All are powers of 1024, as QEMU's are: `GB` and `GiB` are the same. */
const UNITS: Readonly<Record<string, number>> = { M: 1, G: 1024, T: 1024 * 1024 };
const SIZE = /^(\d+(?:\.\d+)?)\s*([MGT])(?:i?B)?$/i;

const MIB = 1024 * 1024;

/** What a plain number of a size means, and how much is too much. */
interface SizeRange {
  /** MiB in one of a plain number. */
  readonly unit: number;
  readonly unitName: string;
  readonly example: string;
  /** MiB. */
  readonly most: number;
  readonly mostText: string;
}

/** Memory in MiB: `2048`, `"2GiB"`, `"512M"`. */
export const memoryKind: ValueKind<number> = sizeKind({
  unit: 1,
  unitName: 'MiB',
  example: '2048',
  most: 16 * 1024 * 1024,
  mostText: '16 TiB',
});

const diskMib: ValueKind<number> = sizeKind({
  unit: 1024,
  unitName: 'GiB',
  example: '20',
  // A qcow2 of QEMU's usual cluster size ends at 2 PiB.
  most: 1024 * 1024 * 1024,
  mostText: '1024 TiB',
});

/** A disk in bytes: `20` (GiB), `"20GiB"`, `"512M"`. */
export const diskKind: ValueKind<number> = {
  example: diskMib.example,
  read(value, written) {
    const mib = diskMib.read(value, written);
    return 'wrong' in mib ? mib : { value: mib.value * MIB };
  },
};

function sizeKind(range: SizeRange): ValueKind<number> {
  const { unit, unitName, example } = range;
  const examples = `${example} (${unitName}) or "2GiB"`;
  return {
    example,
    read(value, written) {
      if (typeof value === 'number') {
        if (Number.isFinite(value)) return checkSize(value * unit, written, range);
        return { wrong: `must be a size such as ${examples}, not ${written}` };
      }
      const [, count, letter = ''] = typeof value === 'string' ? (SIZE.exec(value.trim()) ?? []) : [];
      if (count === undefined) {
        const isNumber = typeof value === 'string' && /^\d+$/.test(value.trim());
        return {
          wrong: `must be a size such as ${examples}, not ${show(value)}`,
          hint: isNumber
            ? `Write ${value} without quotes, or with a unit: "${value}${unitName}"`
            : 'Units are M, G and T, each with or without B or iB.',
        };
      }
      return checkSize(Number(count) * (UNITS[letter.toUpperCase()] ?? 0), show(value), range);
    },
  };
}

function checkSize(mib: number, shown: string, range: SizeRange): Reading<number> {
  if (mib <= 0) return { wrong: `must be above 0, not ${shown}` };
  if (mib > range.most) return { wrong: `is too large: ${shown}; the most is ${range.mostText}` };
  if (!Number.isInteger(mib)) return { wrong: `must be a whole number of MiB, not ${shown}` };
  return { value: mib };
}
