import { describe, expect, it } from '@jest/globals';
import type { VmctlEventBody } from '../../../src/events/events.js';
import { EventLines } from '../../../src/ui/event-lines.js';
import { printedLine } from '../../../src/ui/terminal-text.js';

const plain = (text: string): string => text;
const style = { good: plain, bad: plain, warn: plain, dim: plain, strong: plain };
const time = '2026-01-01T00:00:00.000Z';
const step = { index: 1, count: 2, name: 'packages', provisioner: 'shell' };

function show(...events: VmctlEventBody[]): string[] {
  const lines = new EventLines(style);
  return events.flatMap((event) => lines.lines({ ...event, time }));
}

describe('EventLines', () => {
  it('shows a stage with its detail and how long it took', () => {
    expect(
      show(
        { type: 'run.started', operation: 'up', vms: ['web'] },
        { type: 'stage.started', vm: 'web', stage: 'resolve' },
        { type: 'stage.finished', vm: 'web', stage: 'resolve', detail: 'noble.img (cached)', durationMs: 12 },
      ),
    ).toEqual(['  web  image     noble.img (cached)                              0.0s']);
  });

  it('aligns the names of several VMs', () => {
    const [web, database] = show(
      { type: 'run.started', operation: 'up', vms: ['web', 'database'] },
      { type: 'stage.finished', vm: 'web', stage: 'start', detail: 'x', durationMs: 400 },
      { type: 'stage.finished', vm: 'database', stage: 'start', detail: 'x', durationMs: 400 },
    );
    expect(web?.indexOf('start')).toBe(database?.indexOf('start'));
  });

  it('puts the VM before its output only when there are several', () => {
    const output: VmctlEventBody = {
      type: 'step.output',
      vm: 'web',
      step,
      stream: 'stdout',
      text: 'hello\n',
    };
    expect(show({ type: 'run.started', operation: 'up', vms: ['web'] }, output)).toEqual(['  │ hello']);
    expect(show({ type: 'run.started', operation: 'up', vms: ['web', 'db'] }, output)).toEqual([
      '  web │ hello',
    ]);
  });

  it('joins pieces of a line, keeps both streams apart, and loses no last line without a newline', () => {
    const piece = (stream: 'stdout' | 'stderr', text: string): VmctlEventBody => ({
      type: 'step.output',
      vm: 'web',
      step,
      stream,
      text,
    });
    const shown = show(
      { type: 'run.started', operation: 'up', vms: ['web'] },
      piece('stdout', 'hel'),
      piece('stderr', 'oops\n'),
      piece('stdout', 'lo\nlast'),
      { type: 'step.finished', vm: 'web', step, durationMs: 1000 },
    );
    expect(shown.slice(0, 3)).toEqual(['  │ oops', '  │ hello', '  │ last']);
    expect(shown[3]).toMatch(/1\/2 packages done +1\.0s$/);
  });

  it('does not keep endless output without a newline in memory', () => {
    const shown = show(
      { type: 'run.started', operation: 'up', vms: ['web'] },
      ...Array.from({ length: 10 }, (): VmctlEventBody => {
        return { type: 'step.output', vm: 'web', step, stream: 'stdout', text: 'x'.repeat(10_000) };
      }),
    );
    expect(shown.join('').replaceAll(/[^x]/g, '').length).toBeGreaterThan(80_000);
  });

  it('shows the last state of a progress bar', () => {
    expect(
      show(
        { type: 'run.started', operation: 'up', vms: ['web'] },
        { type: 'step.output', vm: 'web', step, stream: 'stdout', text: '10 %\r55 %\r100 %\r\n' },
      ),
    ).toEqual(['  │ 100 %']);
  });

  it('keeps of a progress bar without newlines no more than its last state', () => {
    const state = (text: string): VmctlEventBody => ({
      type: 'step.output',
      vm: 'web',
      step,
      stream: 'stdout',
      text,
    });
    const states = Array.from({ length: 5_000 }, (_, index) => state(`${index} %\r`));
    expect(show(...states, state('done\n'))).toEqual(['  │ done']);
  });

  it('shows megabytes without a newline in parts, all of them', () => {
    const lines = new EventLines(style);
    const text = 'x'.repeat(16 * 1024);
    const shown = Array.from({ length: 256 }, () =>
      lines.lines({ type: 'step.output', vm: 'web', step, stream: 'stdout', text, time }),
    ).flat();
    const longest = Math.max(...shown.map((line) => line.length));
    const all = shown.reduce((sum, line) => sum + line.length - '  │ '.length, 0);
    expect(longest).toBeLessThan(64 * 1024);
    expect(all).toBe(4 * 2 ** 20);
  });

  it('says what failed, its code and what to try', () => {
    expect(
      show({
        type: 'vm.finished',
        vm: 'web',
        outcome: 'failed',
        stage: 'start',
        durationMs: 1200,
        error: { code: 'VMCTL_X', message: 'It broke.\nBadly.', hint: 'Mend it.' },
      }),
    ).toEqual([
      '✗ web failed in start after 1.2s',
      '    It broke.',
      '    Badly.',
      '    [VMCTL_X]',
      '    Try: Mend it.',
    ]);
  });

  it.each([
    ['suspend', undefined, 40, '✗ web: suspend failed'],
    ['up', undefined, 40, '✗ web: up failed'],
    ['stop', undefined, 31_000, '✗ web: stop failed after 31.0s'],
    ['wait', 'ready', 120_000, '✗ web: wait failed after 2m 00s'],
    ['up', 'ready', 120_000, '✗ web failed in ready after 2m 00s'],
  ] as const)(
    'names the operation that failed, which may be all that did: %s, %s',
    (operation, stage, durationMs, line) => {
      const error = { code: 'VMCTL_X', message: 'No.' };
      expect(
        show(
          { type: 'run.started', operation, vms: ['web'] },
          { type: 'vm.finished', vm: 'web', outcome: 'failed', stage, durationMs, error },
        )[0],
      ).toBe(line);
    },
  );

  it('breaks a long warning of a terminal between words, and leaves that of a pipe whole', () => {
    const warning = {
      type: 'warning',
      vm: 'web',
      code: 'VMCTL_X',
      message: 'guests are emulated, which takes many times as long',
      hint: 'Ask the administrator for access to the device `/dev/kvm of this host`, then log in anew.',
      time,
    } as const;
    const terminal = new EventLines(style, { columns: () => 40, clean: (text) => text });
    expect(terminal.lines(warning)).toEqual([
      '! web: guests are emulated, which takes',
      '  many times as long',
      '  Ask the administrator for access to',
      '  the device `/dev/kvm of this host`,',
      '  then log in anew.',
    ]);
    expect(new EventLines(style).lines(warning)).toHaveLength(2);
  });

  it('says the name of a VM once in a warning that begins with it', () => {
    const warning = { type: 'warning', vm: 'old', code: 'VMCTL_X' } as const;
    expect(
      show({ ...warning, message: 'old did not power off within 30 s and was ended by force.' }),
    ).toEqual(['! old did not power off within 30 s and was ended by force.']);
  });

  it('says that a VM is provisioned only when a step ran', () => {
    const up: VmctlEventBody = { type: 'vm.finished', vm: 'web', outcome: 'up', durationMs: 112_000 };
    expect(show(up)).toEqual(['✓ web is up in 1m 52s   vmctl ssh web']);
    expect(show({ type: 'step.finished', vm: 'web', step, durationMs: 1 }, up).at(-1)).toBe(
      '✓ web is up and provisioned in 1m 52s   vmctl ssh web',
    );
  });

  it.each([
    ['created', '✓ web created in 2.0s   vmctl start web'],
    ['started', '✓ web started in 2.0s   vmctl wait web'],
    ['restarted', '✓ web restarted in 2.0s   vmctl wait web'],
    ['already-running', '✓ web is running already   vmctl ssh web'],
    ['stopped', '✓ web stopped in 2.0s'],
    ['already-stopped', '✓ web was stopped already'],
    ['suspended', '✓ web suspended   vmctl resume web'],
    ['already-suspended', '✓ web is suspended already   vmctl resume web'],
    ['resumed', '✓ web resumed'],
    ['running', '✓ web is running'],
    ['ready', '✓ web is ready   vmctl ssh web'],
    ['provisioned', '✓ web: no step had to run'],
    ['destroyed', '✓ web destroyed'],
    ['absent', '✓ web does not exist'],
  ] as const)('says in one line that a VM is %s, and what comes next', (outcome, line) => {
    expect(show({ type: 'vm.finished', vm: 'web', outcome, durationMs: 2000 })).toEqual([line]);
  });

  it('names the VMs that failed once more at the end, when there are several', () => {
    const error = { code: 'VMCTL_X', message: 'It broke.' };
    const vms = [
      { vm: 'web', outcome: 'failed', stage: 'provision', durationMs: 1, error },
      { vm: 'db', outcome: 'up', durationMs: 1 },
    ] as const;
    expect(show({ type: 'run.finished', operation: 'up', ok: false, durationMs: 1, vms })).toEqual([
      '',
      '1 of 2 VMs failed:',
      '  ✗ web  provision  vmctl log web --provision',
    ]);
  });

  it('says in one line that a VM was interrupted before it began', () => {
    const error = { code: 'VMCTL_INTERRUPTED', message: 'The command was interrupted.' };
    expect(show({ type: 'vm.finished', vm: 'web', outcome: 'interrupted', durationMs: 0, error })).toEqual([
      '- web interrupted before it began',
    ]);
  });

  describe('on a terminal', () => {
    function showIn(columns: number, ...events: VmctlEventBody[]): string[] {
      const lines = new EventLines(style, {
        columns: () => columns,
        clean: printedLine,
      });
      return events.flatMap((event) => lines.lines({ ...event, time }));
    }
    const run: VmctlEventBody = { type: 'run.started', operation: 'up', vms: ['web'] };
    const finished = (detail: string): VmctlEventBody => {
      return { type: 'stage.finished', vm: 'web', stage: 'start', detail, durationMs: 400 };
    };

    it.each([
      [80, 'noop', '  web  start     noop                                            0.4s'],
      [40, 'noop', '  web  start     noop               0.4s'],
      [20, 'noop', '  web  start     noop 0.4s'],
      [80, '日本語', '  web  start     日本語                                          0.4s'],
    ])('of %i columns ends no line beyond its edge for the sake of a column: %s', (columns, detail, line) => {
      expect(showIn(columns, run, finished(detail))).toEqual([line]);
    });

    it('lets nothing foreign move the cursor or begin a line', () => {
      const evil = 'a\x1b[2J\x1b]0;title\x07b\x9b1Ac';
      const error = { code: 'VMCTL_X', message: evil, hint: evil };
      const shown = showIn(
        80,
        run,
        finished(`${evil}\n`),
        { type: 'step.started', vm: 'web', step: { ...step, name: `${evil}\nx` } },
        { type: 'step.output', vm: 'web', step, stream: 'stdout', text: `${evil}\n` },
        { type: 'step.skipped', vm: 'web', step, reason: evil },
        { type: 'warning', vm: 'web', code: 'VMCTL_X', message: evil, hint: evil },
        { type: 'vm.finished', vm: 'web', outcome: 'failed', durationMs: 1, error },
      );
      // oxlint-disable-next-line no-control-regex -- none may be left
      for (const line of shown) expect(line).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
    });
  });
});
