import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProgressThrottle } from '../../../src/images/progress-throttle.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('progress', () => {
  it('is reported about ten times a second, and at the end', () => {
    const report = jest.fn();
    const throttle = new ProgressThrottle(report);
    for (let done = 1; done <= 1005; done++) {
      throttle.update({ done, total: 1005 });
      jest.advanceTimersByTime(1);
    }
    throttle.finish();
    expect(report.mock.calls.length).toBeLessThanOrEqual(12);
    expect(report.mock.calls.length).toBeGreaterThanOrEqual(10);
    expect(report).toHaveBeenLastCalledWith({ done: 1005, total: 1005 });
  });

  it('is not reported twice at the end', () => {
    const report = jest.fn();
    const throttle = new ProgressThrottle(report);
    throttle.update({ done: 1, total: 1 });
    throttle.finish();
    throttle.finish();
    expect(report).toHaveBeenCalledTimes(1);
  });
});
