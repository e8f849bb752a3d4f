import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { VmctlEventBody } from '../../../src/events/events.js';
import { liveRows } from '../../../src/ui/live-rows.js';
import { RunState } from '../../../src/ui/run-state.js';
import { widthOf } from '../../../src/ui/text-width.js';
import { anyText } from '../../support/any-text.js';
import { plainStyle } from '../../support/plain-style.js';

const MIB = 1024 * 1024;

/** The rows after these events, each a second after the one before. */
function rowsAfter(events: readonly VmctlEventBody[], columns: number, rows = 24): string[] {
  const state = new RunState();
  events.forEach((event, index) => state.apply({ ...event, time: '2026-01-01T00:00:00.000Z' }, index * 1000));
  return liveRows(state, { columns, rows, now: events.length * 1000, frame: 0 }, plainStyle);
}

const download = (done: number): VmctlEventBody => ({
  type: 'progress',
  vm: 'web',
  task: 'download',
  subject: 'noble.img',
  done,
  total: 100 * MIB,
});
const step = { index: 1, count: 2, name: 'packages', provisioner: 'shell' };
const run: readonly VmctlEventBody[] = [
  { type: 'run.started', operation: 'up', vms: ['web', 'database'] },
  { type: 'vm.started', vm: 'web' },
  { type: 'vm.started', vm: 'database' },
  { type: 'stage.started', vm: 'web', stage: 'resolve' },
  { type: 'stage.started', vm: 'database', stage: 'ready' },
  { type: 'check.started', vm: 'database', check: 'login works' },
  download(10 * MIB),
  download(20 * MIB),
];

describe('the live view', () => {
  it.each([
    [
      100,
      [
        '⠋ web       image     noble.img  ━━━────────────  20 % of 100 MiB     5 MiB/s  16s left  5.0s',
        '⠋ database  ready     waiting for the login  4.0s',
      ],
    ],
    [
      80,
      [
        '⠋ web       image     noble.img  ━─────  20 %     5 MiB/s  16s left  5.0s',
        '⠋ database  ready     waiting for the login  4.0s',
      ],
    ],
    [40, ['⠋ web       noble.img  20 %  5.0s', '⠋ database  waiting for the lo…  4.0s']],
    [20, ['⠋ web      20 %', '⠋ datab…  waiting …']],
    [10, ['⠋ web', '⠋ databa…']],
    [3, ['⠋…', '⠋…']],
  ])('in %i columns says for each VM what it does, for how long', (columns, lines) => {
    expect(rowsAfter(run, columns).map((line) => line.replace(/ {2,}(\d\.\ds)$/, '  $1'))).toEqual(lines);
  });

  it('ends the rows of one picture in the same column', () => {
    const events: readonly VmctlEventBody[] = [
      ...run.slice(0, 6),
      { type: 'stage.started', vm: 'web', stage: 'provision' },
      { type: 'step.started', vm: 'web', step },
    ];
    const rows = rowsAfter(events, 80);
    expect(rows[0]).toMatch(/^⠋ web {7}provision 1\/2 packages +2\.0s$/);
    expect(new Set(rows.map(widthOf)).size).toBe(1);
  });

  it.each([
    ['stop', 'waiting for the guest to power off'],
    ['down', 'waiting for the guest to power off'],
    ['down --destroy', 'removing its disk, keys and logs'],
    ['destroy', 'removing its disk, keys and logs'],
    ['start', 'starting'],
    ['wait', 'waiting for its state to change'],
  ])('says what %s waits for', (operation, detail) => {
    const [row] = rowsAfter(
      [
        { type: 'run.started', operation, vms: ['web'] },
        { type: 'vm.started', vm: 'web' },
      ],
      80,
    );
    expect(row).toMatch(new RegExp(`^⠋ web  ${operation.split(' ')[0]} +${detail} +1\\.0s$`));
  });

  it('of 300 VMs shows what fits, and counts the rest', () => {
    const vms = Array.from({ length: 300 }, (_, index) => `vm${index}`);
    const events: readonly VmctlEventBody[] = [
      { type: 'run.started', operation: 'up', vms },
      ...vms.slice(0, 288).map((vm): VmctlEventBody => ({ type: 'vm.started', vm })),
      ...vms.slice(0, 8).map((vm): VmctlEventBody => {
        return { type: 'vm.finished', vm, outcome: vm === 'vm0' ? 'failed' : 'up', durationMs: 1 };
      }),
    ];
    const rows = rowsAfter(events, 80, 24);
    expect(rows).toHaveLength(21);
    expect(rows[0]).toMatch(/^⠋ vm8 /);
    expect(rows.at(-1)).toBe('  … and 280 more: 12 waiting, 260 running, 7 done, 1 failed');
  });

  it('says how many wait although there is room for all that run', () => {
    const rows = rowsAfter(
      [
        { type: 'run.started', operation: 'up', vms: ['a', 'b', 'c'] },
        { type: 'vm.started', vm: 'a' },
      ],
      80,
    );
    expect(rows.slice(1)).toEqual(['  … and 2 more: 2 waiting']);
  });

  it('is never wider than the terminal, nor higher, whatever comes', () => {
    const vm = fc.constantFrom('a', 'b', 'long-name'.repeat(7));
    const event = fc.oneof(
      fc.record({ type: fc.constant('vm.started' as const), vm }),
      fc.record({ type: fc.constant('stage.started' as const), vm, stage: fc.constant('ready' as const) }),
      fc.record({ type: fc.constant('check.started' as const), vm, check: anyText }),
      fc.record({
        ...{ type: fc.constant('progress' as const), vm, task: anyText, subject: anyText, done: fc.nat() },
        total: fc.option(fc.nat(), { nil: undefined }),
      }),
      fc.record({
        type: fc.constant('step.started' as const),
        vm,
        step: fc.record({ ...fixed, name: anyText }),
      }),
      fc.record({
        type: fc.constant('vm.finished' as const),
        vm,
        outcome: fc.constant('up' as const),
        durationMs: fc.nat(),
      }),
    );
    const started: VmctlEventBody = {
      type: 'run.started',
      operation: 'up',
      vms: ['a', 'b', 'long-name'.repeat(7)],
    };
    fc.assert(
      fc.property(
        fc.array(event),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 30 }),
        (events, columns, rows) => {
          const lines = rowsAfter([started, ...events], columns, rows);
          expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 3));
          for (const line of lines) {
            expect(widthOf(line)).toBeLessThan(columns);
            // oxlint-disable-next-line no-control-regex -- none may be left
            expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
          }
        },
      ),
    );
  });
});

const fixed = { index: fc.constant(1), count: fc.constant(2), provisioner: fc.constant('shell') };
