import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';
import type { VmctlEventBody } from '../../../src/events/events.js';
import { type LiveRegion, TerminalRenderer } from '../../../src/ui/terminal-renderer.js';

/** A screen: lines that stay, and the region below them. */
class Screen {
  readonly rows: number;
  readonly isTTY = true;
  lines = '';
  region = '';
  done = false;

  constructor(rows: number) {
    this.rows = rows;
  }

  write(text: string): void {
    // What is written while the region is shown would be overwritten by the next frame.
    expect(this.region).toBe('');
    this.lines += stripVTControlCharacters(text);
  }

  live(): LiveRegion {
    const draw = (text: string): void => {
      this.region = stripVTControlCharacters(text);
    };
    return Object.assign(draw, {
      clear: () => {
        this.region = '';
      },
      done: () => {
        this.done = true;
      },
    });
  }
}

let screen: Screen;
let renderer: TerminalRenderer;
function show(...events: VmctlEventBody[]): void {
  for (const event of events) renderer.handle({ ...event, time: '2026-01-01T00:00:00.000Z' });
}

beforeEach(() => {
  jest.useFakeTimers();
  screen = new Screen(6);
  renderer = new TerminalRenderer(screen, screen.live());
});
afterEach(() => {
  renderer.end();
  jest.useRealTimers();
});

describe('TerminalRenderer', () => {
  it('shows what each VM is doing below the lines that stay', () => {
    show(
      { type: 'run.started', operation: 'up', vms: ['web'] },
      { type: 'stage.started', vm: 'web', stage: 'ready' },
      { type: 'check.started', vm: 'web', check: 'login works' },
    );
    jest.advanceTimersByTime(2000);
    expect(screen.region).toMatch(/^. web {2}ready +waiting for login works +2\.0s$/);
    show({ type: 'stage.finished', vm: 'web', stage: 'ready', detail: 'ssh works', durationMs: 2000 });
    expect(screen.lines).toMatch(/web {2}ready +ssh works +2\.0s\n$/);
    expect(screen.region).toBe('');
  });

  it('never shows more VMs than there is room for, and says how many there are', () => {
    const vms = Array.from({ length: 300 }, (_, index) => `vm${index}`);
    show(
      { type: 'run.started', operation: 'up', vms },
      ...vms.map((vm): VmctlEventBody => ({ type: 'stage.started', vm, stage: 'start' })),
    );
    jest.advanceTimersByTime(100);
    expect(screen.region.split('\n')).toHaveLength(5);
    expect(screen.region).toMatch(/… and 296 more$/);
  });

  it('leaves nothing live behind when the run is finished', () => {
    show(
      { type: 'run.started', operation: 'up', vms: ['web'] },
      { type: 'stage.started', vm: 'web', stage: 'start' },
      { type: 'run.finished', operation: 'up', ok: true, durationMs: 1, vms: [] },
    );
    expect(jest.getTimerCount()).toBe(0);
    expect(screen.region).toBe('');
    expect(screen.done).toBe(true);
  });
});
