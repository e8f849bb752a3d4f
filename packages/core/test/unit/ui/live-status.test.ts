import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LiveStatus } from '../../../src/ui/live-status.js';
import { FakeTerminal } from '../../support/fake-terminal.js';

let terminal: FakeTerminal;
beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function wait(columns = 80): LiveStatus {
  terminal = new FakeTerminal(columns, 24);
  return new LiveStatus(terminal, 'connecting to web', performance.now() - 700);
}

describe('what a command waits for', () => {
  it('is one line with the time since it waits, which goes without a trace', () => {
    using status = wait();
    jest.advanceTimersByTime(1300);
    expect(terminal.text).toMatch(/^. connecting to web … {2}2\.0s$/);
    status.say('fetching a plugin');
    jest.advanceTimersByTime(1000);
    expect(terminal.text).toMatch(/^. fetching a plugin … {2}1\.0s$/);
    status[Symbol.dispose]();
    expect(terminal.text).toBe('');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('gives way to how far it is, once that is known', () => {
    using status = wait();
    status.transfer({ task: 'download', subject: 'noble.img', done: 50, total: 100 });
    jest.advanceTimersByTime(100);
    expect(terminal.text).toMatch(/^noble\.img .* 50 % of 100 B$/);
  });

  it.each([
    [20, '⠙ connecting…  0.8s'],
    [14, '⠙ connecting…'],
    [3, '⠙…'],
  ])('fits into %i columns', (columns, line) => {
    using _ = wait(columns);
    jest.advanceTimersByTime(100);
    expect(terminal.text).toBe(line);
  });
});
