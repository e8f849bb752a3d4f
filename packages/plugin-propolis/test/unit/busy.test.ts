import { expect, it } from '@jest/globals';
import { untilNotBusy } from '../../src/busy.js';

const busy = Object.assign(new Error("cannot destroy 'x': dataset is busy"), {
  code: 'VMCTL_HOST_COMMAND_FAILED',
});

it('13: “dataset is busy” is tried again for a bounded time, and then said', async () => {
  let tries = 0;
  const work = async (): Promise<never> => {
    tries += 1;
    throw busy;
  };
  await expect(untilNotBusy(work, { timeoutMs: 60 })).rejects.toBe(busy);
  expect(tries).toBeGreaterThan(1);
});

it('does not try again what fails for another reason', async () => {
  let tries = 0;
  const other = Object.assign(new Error('permission denied'), { code: 'VMCTL_HOST_COMMAND_FAILED' });
  const work = async (): Promise<never> => {
    tries += 1;
    throw other;
  };
  await expect(untilNotBusy(work, { timeoutMs: 1000 })).rejects.toBe(other);
  expect(tries).toBe(1);
});

it('stops when the command is interrupted', async () => {
  const interruption = new AbortController();
  const reason = new Error('interrupted');
  const work = async (): Promise<never> => {
    interruption.abort(reason);
    throw busy;
  };
  await expect(untilNotBusy(work, { timeoutMs: 60_000, signal: interruption.signal })).rejects.toBe(reason);
});
