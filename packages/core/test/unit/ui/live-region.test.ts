import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { LiveRegion, wrapsAnew } from '../../../src/ui/live-region.js';
import { cutTo } from '../../../src/ui/text-width.js';
import { anyText } from '../../support/any-text.js';
import { FakeTerminal } from '../../support/fake-terminal.js';

let terminal: FakeTerminal;
let lines: readonly string[];
let region: LiveRegion;
function show(columns = 80, rows = 24, env: Record<string, string> = {}): void {
  terminal = new FakeTerminal(columns, rows);
  region = new LiveRegion({ output: terminal, draw: () => lines, env });
}
/** As much time as a frame takes. */
const frame = (): unknown => jest.advanceTimersByTime(100);

beforeEach(() => {
  jest.useFakeTimers();
  lines = ['one', 'two'];
  show();
});
afterEach(() => {
  region.end();
  jest.useRealTimers();
});

describe('a live region', () => {
  it('is below what stays, and changes in place', () => {
    region.print(['first']);
    frame();
    expect(terminal.text).toBe('first\none\ntwo');
    lines = ['ONE', 'TWO', 'three'];
    region.print(['second']);
    frame();
    expect(terminal.text).toBe('first\nsecond\nONE\nTWO\nthree');
    lines = ['1'];
    frame();
    expect(terminal.text).toBe('first\nsecond\n1');
    region.end();
    expect(terminal.text).toBe('first\nsecond');
  });

  it('is one write a frame, which leaves the cursor below and the modes as they were', () => {
    region.print(['first']);
    frame();
    lines = ['ONE'];
    frame();
    expect(terminal.writes).toHaveLength(2);
    for (const write of terminal.writes) {
      expect(write.startsWith('\x1b[?2026h')).toBe(true);
      expect(write.endsWith('\x1b[?2026l')).toBe(true);
    }
    expect(terminal.writes.join('')).not.toContain('\x1b[?25l');
    expect(terminal.wraps).toBe(true);
    expect(terminal.cursor).toEqual({ row: 2, column: 0 });
  });

  it('writes nothing while nothing changes, and erases nothing before it writes it again', () => {
    frame();
    jest.advanceTimersByTime(10_000);
    expect(terminal.writes).toHaveLength(1);
    lines = ['one', 'TWO'];
    frame();
    const [, second = ''] = terminal.writes;
    expect(second.indexOf('\x1b[K')).toBeGreaterThan(second.indexOf('one'));
  });

  it('never erases the screen as a whole, which tmux would keep as a page of its own', () => {
    for (const text of ['a', 'b\nc', 'd']) {
      lines = text.split('\n');
      region.print([text]);
      frame();
    }
    region.end();
    expect(terminal.writes.join('')).not.toContain('\x1b[J');
    expect(terminal.text).toBe('a\nb\nc\nd');
  });

  it('draws no more than thirty frames a second, however much is printed', () => {
    for (let index = 0; index < 1000; index++) {
      region.print([String(index)]);
      jest.advanceTimersByTime(1);
    }
    expect(terminal.writes.length).toBeLessThanOrEqual(31);
    region.end();
    expect(terminal.text.split('\n')).toHaveLength(1000);
  });

  it('does not keep much text until the next frame', () => {
    frame();
    region.print(['x'.repeat(1_000_000)]);
    expect(terminal.writes).toHaveLength(2);
  });

  it('loses nothing that was printed right before the process ends', () => {
    frame();
    region.print(['last words']);
    process.emit('exit', 0);
    expect(terminal.text).toBe('last words');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is not higher than the terminal, which would scroll with every frame', () => {
    region.end();
    show(80, 3);
    lines = ['a', 'b', 'c', 'd'];
    frame();
    expect(terminal.text).toBe('a\nb');
  });

  it('finds its place again in a terminal that got narrower and wrapped it', () => {
    region.end();
    show(20, 10);
    lines = ['x'.repeat(19)];
    region.print(['first']);
    frame();
    // Such a terminal has wrapped the one line to two, with the cursor below them.
    lines = ['y'.repeat(9)];
    const wrapped = new FakeTerminal(10, 10);
    wrapped.write(`first\n${'x'.repeat(19)}\n`);
    const seen = terminal.writes.length;
    terminal.resize(10, 10);
    for (const write of terminal.writes.slice(seen)) wrapped.write(write);
    expect(wrapped.text).toBe('first\nyyyyyyyyy');
  });

  it('takes nothing of what stays away in a terminal that only cuts its lines', () => {
    region.end();
    show(20, 10, { XTERM_VERSION: 'XTerm(390)' });
    lines = ['x'.repeat(19)];
    region.print(['first']);
    frame();
    lines = ['y'.repeat(9)];
    terminal.resize(10, 10);
    expect(terminal.text).toBe('first\nyyyyyyyyy');
  });

  it.each([
    [{ TERM: 'xterm-256color' }, true],
    [{ TERM: 'xterm-256color', XTERM_VERSION: 'XTerm(390)' }, false],
    [{ TERM: 'screen', TMUX: '/tmp/x', XTERM_VERSION: 'XTerm(390)' }, true],
    [{ TERM: 'screen', STY: '1.pts' }, false],
    [{ TERM: 'rxvt-unicode' }, false],
    [{}, true],
  ])('knows whether a terminal wraps anew: %j', (env, answer) => {
    expect(wrapsAnew(env)).toBe(answer);
  });

  it('makes room for the shell on Ctrl-Z, and starts anew below what that has written', () => {
    frame();
    const kill = jest.spyOn(process, 'kill').mockImplementation(() => {
      terminal.write('[1]+ Stopped\n$ fg\n');
      return true;
    });
    process.emit('SIGTSTP');
    expect(kill).toHaveBeenCalledWith(process.pid, 'SIGSTOP');
    kill.mockRestore();
    expect(terminal.text).toBe('[1]+ Stopped\n$ fg');
    frame();
    expect(terminal.text).toBe('[1]+ Stopped\n$ fg\none\ntwo');
  });

  it('leaves the text that was printed, all of it and in order, whatever is shown meanwhile', () => {
    const action = fc.oneof(
      fc.record({ print: fc.array(fc.stringMatching(/^[a-z]{0,40}$/)) }),
      fc.record({ show: fc.array(anyText, { maxLength: 12 }) }),
    );
    fc.assert(
      fc.property(fc.array(action), fc.integer({ min: 2, max: 50 }), (actions, columns) => {
        region.end();
        lines = [];
        show(columns, 8);
        const printed: string[] = [];
        for (const each of actions) {
          if ('print' in each) {
            region.print(each.print);
            printed.push(...each.print);
          } else {
            // oxlint-disable-next-line no-control-regex -- what shows them takes care of them
            lines = each.show.map((text) => cutTo(text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, ''), columns - 1));
          }
          frame();
        }
        region.end();
        const expected = new FakeTerminal(columns, 8);
        if (printed.length > 0) expected.write(`${printed.join('\n')}\n`);
        expect(terminal.text).toBe(expected.text);
      }),
    );
  });
});
