import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { VmctlEventBody } from '../../../src/events/events.js';
import { TerminalRenderer } from '../../../src/ui/terminal-renderer.js';
import { FakeTerminal } from '../../support/fake-terminal.js';

let terminal: FakeTerminal;
let renderer: TerminalRenderer;
function show(...events: VmctlEventBody[]): void {
  for (const event of events) renderer.handle({ ...event, time: '2026-01-01T00:00:00.000Z' });
}
const step = { index: 1, count: 1, name: 'packages', provisioner: 'shell' };
const started: VmctlEventBody = { type: 'run.started', operation: 'up', vms: ['web'] };
const output = (text: string): VmctlEventBody => ({
  type: 'step.output',
  vm: 'web',
  step,
  stream: 'stdout',
  text,
});

beforeEach(() => {
  jest.useFakeTimers();
  terminal = new FakeTerminal(80, 24);
  renderer = new TerminalRenderer(terminal);
});
afterEach(() => {
  renderer.end();
  jest.useRealTimers();
});

describe('TerminalRenderer', () => {
  it('shows what each VM is doing below the lines that stay', () => {
    show(started, { type: 'stage.started', vm: 'web', stage: 'ready' });
    show({ type: 'check.started', vm: 'web', check: 'login works' });
    jest.advanceTimersByTime(2000);
    expect(terminal.text).toMatch(/^. web {2}ready +waiting for the login +2\.0s$/);
    show({ type: 'stage.finished', vm: 'web', stage: 'ready', detail: 'ssh works', durationMs: 2000 });
    show({ type: 'vm.finished', vm: 'web', outcome: 'up', durationMs: 2000 });
    jest.advanceTimersByTime(100);
    expect(terminal.text).toMatch(
      /^ {2}web {2}ready +ssh works +2\.0s\n✓ web is up in 2\.0s {3}vmctl ssh web$/,
    );
  });

  it('lets nothing that a guest prints move the cursor', () => {
    show(
      started,
      { type: 'vm.started', vm: 'web' },
      output('\x1b[31mred\x1b[0m \x1b[2J\x1b[10;10H\x07日本語 🎉\n'),
    );
    jest.advanceTimersByTime(100);
    expect(terminal.text).toMatch(/^ {2}│ red 日本語 🎉\n. web {2}up {3,}0\.1s$/);
  });

  it('leaves nothing live behind when the run is finished, and loses nothing that comes later', () => {
    show(started, { type: 'stage.started', vm: 'web', stage: 'start' });
    show({ type: 'run.finished', operation: 'up', ok: true, durationMs: 1, vms: [] });
    show({ type: 'warning', vm: 'web', code: 'VMCTL_X', message: 'one more thing' });
    expect(jest.getTimerCount()).toBe(0);
    expect(terminal.text).toBe('! web: one more thing');
  });

  it('keeps output beneath its step, and both above what goes on', () => {
    show(started, { type: 'stage.started', vm: 'web', stage: 'provision' });
    show({ type: 'step.started', vm: 'web', step }, output('hello\n'));
    jest.advanceTimersByTime(100);
    expect(terminal.text.split('\n')).toEqual([
      '  web  provision 1/1 packages …',
      '  │ hello',
      expect.stringMatching(/^. web {2}provision 1\/1 packages +0\.1s$/),
    ]);
  });
});
