import { describe, expect, it } from '@jest/globals';
import type { VmctlEventBody } from '../../../src/events/events.js';
import { parseEntry } from '../../../src/state/journal-entry.js';

const step = { index: 1, count: 2, name: 'setup', provisioner: 'shell' };
const error = { code: 'VMCTL_TEST', message: 'it failed' };

/** One of each, with all that it must have. */
const events = {
  'run.started': { type: 'run.started', operation: 'up', vms: ['web'] },
  'run.finished': {
    type: 'run.finished',
    operation: 'up',
    ok: true,
    durationMs: 1,
    vms: [{ vm: 'web', outcome: 'up', durationMs: 1 }],
  },
  'vm.started': { type: 'vm.started', vm: 'web' },
  'vm.finished': { type: 'vm.finished', vm: 'web', outcome: 'already-running', durationMs: 1 },
  'stage.started': { type: 'stage.started', vm: 'web', stage: 'ready' },
  'stage.finished': { type: 'stage.finished', vm: 'web', stage: 'ready', detail: '', durationMs: 1 },
  'stage.failed': { type: 'stage.failed', vm: 'web', stage: 'ready', error, durationMs: 1 },
  progress: { type: 'progress', vm: undefined, task: 'download', subject: 'a', done: 1, total: undefined },
  'plugin.installing': { type: 'plugin.installing', name: 'acme', version: '1.0.0' },
  'plugin.installed': {
    type: 'plugin.installed',
    name: 'acme',
    version: '1.0.0',
    integrity: 'sha512-',
    durationMs: 1,
  },
  'plugin.linked': { type: 'plugin.linked', name: 'acme', version: '1.0.0', path: '/acme', range: '^1' },
  'lockfile.written': { type: 'lockfile.written', path: '/vmctl.lock', plugins: ['acme'] },
  warning: { type: 'warning', vm: undefined, code: 'VMCTL_TEST', message: 'look' },
  'check.started': { type: 'check.started', vm: 'web', check: 'login' },
  'check.passed': { type: 'check.passed', vm: 'web', check: 'login', durationMs: 1 },
  'step.started': { type: 'step.started', vm: 'web', step },
  'step.output': { type: 'step.output', vm: 'web', step, stream: 'stdout', text: 'a' },
  'step.finished': { type: 'step.finished', vm: 'web', step, durationMs: 1 },
  'step.skipped': { type: 'step.skipped', vm: 'web', step, reason: 'run="once"' },
  'step.failed': { type: 'step.failed', vm: 'web', step, error, durationMs: 1 },
} satisfies { [Type in VmctlEventBody['type']]: Extract<VmctlEventBody, { type: Type }> };

const head = { time: '2026-03-04T15:06:07.089Z', source: { pid: 4711, operation: 'up' } };

describe('a line of the journal', () => {
  it.each(Object.entries(events))('is the event %s, whole', (_, event) => {
    const line = JSON.stringify({ ...head, ...event });
    expect(parseEntry(line)).toEqual(JSON.parse(line));
  });

  it.each(
    Object.values(events).flatMap((event) =>
      Object.keys(JSON.parse(JSON.stringify({ ...head, ...event })) as object).map(
        (field) => [event.type, field] as const,
      ),
    ),
  )('is no %s without its %s', (type, field) => {
    const line = (value: unknown): string => JSON.stringify({ ...head, ...events[type], [field]: value });
    expect(parseEntry(line(undefined))).toBeUndefined();
    expect(parseEntry(line(null))).toBeUndefined();
  });

  it.each([
    { ...events['vm.finished'], error: 'text' },
    { ...events['vm.finished'], outcome: '\u001b[2J' },
    { ...events['stage.started'], stage: 'elsewhere' },
    { ...events['run.started'], vms: [1] },
    { ...events.warning, vm: 7 },
    { ...events.warning, time: 'yesterday' },
    { type: 'vm.changed', vm: 'web' },
  ])('is none that what shows it would stumble over: %j', (event) => {
    expect(parseEntry(JSON.stringify({ ...head, ...event }))).toBeUndefined();
  });

  it('may be an event that only newer versions know', () => {
    const event = { time: head.time, type: 'vm.cloned', vm: 'web' };
    expect(parseEntry(JSON.stringify(event))).toEqual(event);
  });

  it.each(['', '{', '[]', 'null', '{"type":"x"}', '{"time":1,"type":"x"}'])('may be none: %j', (line) => {
    expect(parseEntry(line)).toBeUndefined();
  });
});
