import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TransferMeter } from '../../../src/ui/transfer-meter.js';

const MIB = 1024 * 1024;

/** A transfer with so many bytes more in each 100 ms. */
function measure(steps: readonly number[], before = 0): { meter: TransferMeter; now: number; bytes: number } {
  const meter = new TransferMeter(before, 0);
  let bytes = before;
  steps.forEach((step, index) => meter.update((bytes += step), (index + 1) * 100));
  return { meter, now: steps.length * 100, bytes };
}

describe('the speed of a transfer', () => {
  it('is not told before a second is over', () => {
    const { meter } = measure(Array<number>(9).fill(MIB));
    expect(meter.speed(100 * MIB, 900)).toEqual({
      bytesPerSecond: undefined,
      remainingMs: undefined,
      stalledMs: undefined,
    });
  });

  it('is how much came in how long, with what is left at that speed', () => {
    const { meter, now } = measure(Array<number>(20).fill(MIB));
    expect(meter.speed(100 * MIB, now)).toEqual({
      bytesPerSecond: 10 * MIB,
      remainingMs: 8_000,
      stalledMs: undefined,
    });
  });

  it('is that of the last seconds, not of all the time', () => {
    const { meter, now } = measure([...Array<number>(600).fill(MIB), ...Array<number>(60).fill(MIB / 10)]);
    expect(meter.speed(undefined, now).bytesPerSecond).toBeCloseTo(MIB, 0);
  });

  it('does not count what an earlier transfer has brought', () => {
    const { meter, now } = measure(Array<number>(20).fill(MIB), 1000 * MIB);
    expect(meter.speed(undefined, now).bytesPerSecond).toBe(10 * MIB);
  });

  it('starts anew when the transfer does', () => {
    const { meter } = measure(Array<number>(50).fill(MIB));
    meter.update(0, 5_100);
    expect(meter.speed(undefined, 5_200).bytesPerSecond).toBeUndefined();
    meter.update(2 * MIB, 7_100);
    expect(meter.speed(undefined, 7_100).bytesPerSecond).toBe(MIB);
  });

  it('falls while nothing comes, and the remaining time is not guessed any more', () => {
    const { meter, now } = measure(Array<number>(50).fill(MIB));
    const stalled = meter.speed(100 * MIB, now + 4_000);
    expect(stalled.bytesPerSecond).toBeLessThan(5 * MIB);
    expect(stalled).toMatchObject({ remainingMs: undefined, stalledMs: 4_000 });
    expect(meter.speed(100 * MIB, now + 60_000).bytesPerSecond).toBeUndefined();
  });

  it.each([
    ['the total is not known', undefined],
    ['all is there', 20 * MIB],
    ['more came than there should be', 10 * MIB],
    ['it would take days', 1e15],
  ])('has no remaining time when %s', (_what, total) => {
    const { meter, now } = measure(Array<number>(20).fill(MIB));
    expect(meter.speed(total, now).remainingMs).toBeUndefined();
  });

  it('is a number, or nothing, whatever is reported', () => {
    const report = fc.record({ bytes: fc.nat(), wait: fc.nat(20_000) });
    fc.assert(
      fc.property(fc.array(report), fc.option(fc.nat(), { nil: undefined }), (reports, total) => {
        const meter = new TransferMeter(0, 0);
        let now = 0;
        for (const { bytes, wait } of reports) {
          meter.update(bytes, (now += wait));
          const { bytesPerSecond = 0, remainingMs = 0, stalledMs = 0 } = meter.speed(total, now);
          expect(
            [bytesPerSecond, remainingMs, stalledMs].every((each) => Number.isFinite(each) && each >= 0),
          ).toBe(true);
        }
      }),
    );
  });
});
