import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { widthOf } from '../../../src/ui/text-width.js';
import { type Transfer, transferText } from '../../../src/ui/transfer-text.js';
import { anyText } from '../../support/any-text.js';
import { plainStyle } from '../../support/plain-style.js';

const MIB = 1024 * 1024;
const download: Transfer = {
  task: 'download',
  subject: 'noble.img',
  done: 270 * MIB,
  total: 600 * MIB,
  speed: { bytesPerSecond: 11.2 * MIB, remainingMs: 30_400, stalledMs: undefined },
};
const unsettled = { bytesPerSecond: undefined, remainingMs: undefined, stalledMs: undefined };

describe('a transfer on a terminal', () => {
  it.each([
    [100, 'noble.img  ━━━━━━━━━━━━━─────────────────  45 % of 600 MiB  11.2 MiB/s  30s left'],
    [60, 'noble.img  ━━────  45 % of 600 MiB  11.2 MiB/s  30s left'],
    [50, 'noble.img  ━━━────  45 %  11.2 MiB/s  30s left'],
    [44, 'noble.img  45 %  11.2 MiB/s  30s left'],
    [30, 'noble.img  45 %  30s left'],
    [20, 'noble.img  45 %'],
    [8, ' 45 %'],
    [3, '45…'],
    [0, ''],
  ])('in %i columns has what fits, the most useful for the longest', (columns, line) => {
    expect(transferText(download, columns, plainStyle)).toBe(line);
  });

  it.each<[string, Partial<Transfer>, string]>([
    [
      'bytes and a rate where the total is not known',
      { total: undefined },
      'noble.img  270 MiB  11.2 MiB/s  30s left',
    ],
    ['no share of nothing', { total: 0, done: 0, speed: unsettled }, 'noble.img  0 B'],
    [
      'what is done, when it is no download',
      { task: 'decompress', speed: unsettled },
      'unpacking noble.img  ━━━━━───────  45 % of 600 MiB',
    ],
    ['no numbers for what has no end that is known', { task: 'verify' }, 'checking noble.img'],
    [
      'no more than everything',
      { done: 700 * MIB, speed: unsettled },
      'noble.img  ━━━━━━━━━━━━━━━━━━━━━━ 100 % of 600 MiB',
    ],
    [
      'since when nothing came',
      { speed: { ...unsettled, stalledMs: 5_000 } },
      'noble.img  ━━━━━━━━━─────────────  45 % of 600 MiB              stalled 5s',
    ],
    [
      'no control characters of a name',
      { subject: 'a\x1b[2Jb\nc', speed: unsettled },
      'ab c  ━━━━━━━━━━━━───────────────  45 % of 600 MiB',
    ],
  ])('has %s', (_what, change, line) => {
    expect(transferText({ ...download, ...change }, 76, plainStyle)).toBe(line);
  });

  it('says what an earlier copy had brought, where there is room', () => {
    expect(transferText({ ...download, resumed: 50 * MIB }, 100, plainStyle)).toMatch(
      /left +50 MiB were there$/,
    );
  });

  it('is one line, never wider than there is room, and without numbers that are none', () => {
    const number = fc.option(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { nil: undefined });
    const transfer = fc.record({
      task: fc.constantFrom('download', 'decompress', 'verify', 'upload'),
      subject: anyText,
      done: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      total: number,
      speed: fc.record({ bytesPerSecond: number, remainingMs: number, stalledMs: number }),
      resumed: number,
    });
    fc.assert(
      fc.property(transfer, fc.nat(120), (each, columns) => {
        const line = transferText(each, columns, plainStyle);
        expect(widthOf(line)).toBeLessThanOrEqual(columns);
        // oxlint-disable-next-line no-control-regex -- none may be left
        expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]|NaN|Infinity|undefined/);
      }),
    );
  });
});
