import { describe, expect, it } from '@jest/globals';
import type { VmctlEventBody } from '../../../src/events/events.js';
import type { JournalEntry, VmChanged } from '../../../src/operations/events.js';
import { observedEventText } from '../../../src/ui/observed-event-text.js';

const plain = (text: string): string => text;
const style = { good: plain, bad: plain, warn: plain, dim: plain, strong: plain };
/** Without a time zone it is the time of the wall, wherever the test runs. */
const TIME = '2026-03-04T15:06:07';
const step = { index: 1, count: 2, name: 'packages', provisioner: 'shell' };

function textOf(body: VmctlEventBody): string | undefined {
  const entry: JournalEntry = { ...body, time: TIME, source: { pid: 4711, operation: 'up' } };
  return observedEventText(entry, style);
}

describe('an event of `vmctl events`', () => {
  it.each<[VmctlEventBody, string]>([
    [
      { type: 'run.started', operation: 'up', vms: ['web', 'db'] },
      '-  vmctl up began: web, db (process 4711)',
    ],
    [{ type: 'run.started', operation: 'down', vms: [] }, '-  vmctl down began: no VM (process 4711)'],
    [
      { type: 'run.finished', operation: 'up', ok: true, durationMs: 61_000, vms: [] },
      '-  vmctl up ended, 61.0s',
    ],
    [
      { type: 'run.finished', operation: 'up', ok: false, durationMs: 61_000, vms: [] },
      '-  vmctl up failed, 61.0s',
    ],
    [
      { type: 'stage.finished', vm: 'web', stage: 'resolve', detail: 'noble.img (cached)', durationMs: 100 },
      'web  image done: noble.img (cached), 0.1s',
    ],
    [{ type: 'step.started', vm: 'web', step }, 'web  step packages began'],
    [
      { type: 'vm.finished', vm: 'web', outcome: 'already-stopped', durationMs: 100 },
      'web  already stopped, 0.1s',
    ],
    [
      {
        ...{ type: 'vm.finished', vm: 'web', outcome: 'failed', durationMs: 100 },
        error: { code: 'VMCTL_TEST', message: 'It broke.\nAnd more.' },
      },
      'web  failed, 0.1s: It broke. [VMCTL_TEST]',
    ],
    [{ type: 'warning', vm: undefined, code: 'X', message: 'mind this' }, '-  warning: mind this'],
  ])('is one line: %j', (body, text) => {
    expect(textOf(body)).toBe(`2026-03-04 15:06:07  ${text}`);
  });

  it('tells with the failure of a VM where it was, and what the error leads up to', () => {
    const failed = {
      type: 'vm.finished',
      vm: 'web',
      outcome: 'failed',
      stage: 'start',
      durationMs: 700,
    } as const;
    const message =
      'web did not start. QEMU ended with exit code 1:\n\n  qemu: no such bridge\nqemu: exiting';
    expect(textOf({ ...failed, error: { code: 'VMCTL_TEST', message } })).toMatch(
      /web {2}failed at start, 0\.7s: web did not start\. QEMU ended with exit code 1: qemu: no such bridge \[VMCTL_TEST\]$/,
    );
    const endless = textOf({
      ...failed,
      error: { code: 'VMCTL_TEST', message: 'It said:\n' + 'no '.repeat(1000) },
    });
    expect(endless).toMatch(/: It said: (?:no ){70,}n?o?… \[VMCTL_TEST\]$/);
    expect(endless?.length).toBeLessThan(320);
  });

  it('is left out when another one tells the same soon after', () => {
    const error = { code: 'VMCTL_TEST', message: 'It broke.' };
    const failed = { vm: 'web', error, durationMs: 1 };
    expect(textOf({ type: 'stage.failed', stage: 'provision', ...failed })).toBeUndefined();
    expect(textOf({ type: 'step.failed', step, ...failed })).toBeUndefined();
    expect(textOf({ type: 'stage.started', vm: 'web', stage: 'start' })).toBeUndefined();
  });

  it('is told by its type when only a newer version knows it', () => {
    // As a newer vmctl may have written it down.
    const newer = { type: 'snapshot.taken', vm: 'web' } as unknown as VmctlEventBody;
    expect(textOf(newer)).toBe('2026-03-04 15:06:07  web  snapshot.taken');
  });

  it('says when no command made a change', () => {
    const change: VmChanged = {
      ...{ type: 'vm.changed', time: TIME, vm: 'web', from: 'running', to: 'failed' },
      detail: 'the kernel of the guest panicked',
    };
    expect(observedEventText(change, style)).toBe(
      '2026-03-04 15:06:07  web  running -> failed (the kernel of the guest panicked), without a command of vmctl',
    );
    expect(observedEventText({ ...change, from: null, detail: null }, style)).toMatch(
      /web {2}is failed, without a command of vmctl$/,
    );
  });

  it('cannot steer the terminal', () => {
    const message = 'a\u001b[2Jb\nc';
    expect(textOf({ type: 'warning', vm: 'web', code: 'X', message })).toMatch(/warning: ab c$/);
  });
});
