import { describe, expect, it } from '@jest/globals';
import { EventRecorder } from '../../../src/testing/event-recorder.js';

const started = (stage: 'resolve' | 'start') => ({ type: 'stage.started', vm: 'web', stage }) as const;

describe('an event recorder', () => {
  it('keeps events in their order, with a time', () => {
    const recorder = new EventRecorder();
    recorder.emit(started('resolve'));
    recorder.emit(started('start'));
    expect(recorder.types).toEqual(['stage.started', 'stage.started']);
    expect(recorder.ofType('stage.started').map(({ stage }) => stage)).toEqual(['resolve', 'start']);
    expect(recorder.ofType('vm.finished')).toEqual([]);
    expect(new Date(recorder.events[0]?.time ?? '').getTime()).not.toBeNaN();
  });

  it('finds an event that came, and waits for one that comes', async () => {
    const recorder = new EventRecorder();
    recorder.emit(started('resolve'));
    expect(await recorder.waitFor('stage.started')).toMatchObject({ stage: 'resolve' });
    const waiting = recorder.waitFor({ type: 'stage.started', stage: 'start' });
    recorder.emit(started('start'));
    expect(await waiting).toMatchObject({ stage: 'start' });
    const asked = await recorder.waitFor((event) => 'stage' in event && event.stage === 'start');
    expect(asked).toMatchObject({ stage: 'start' });
  });

  it('gives up on an event that never comes, and says what came', async () => {
    const recorder = new EventRecorder();
    recorder.emit(started('resolve'));
    await expect(recorder.waitFor({ stage: 'start' }, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'FAKE_DEADLINE',
      message: 'There was no event {"stage":"start"}; there were: stage.started. (waited 1 ms)',
    });
  });

  it('checks the order of events, whatever is between them', () => {
    const recorder = new EventRecorder();
    recorder.emit(started('resolve'));
    recorder.emit({ type: 'warning', vm: 'web', code: 'X', message: 'between' });
    recorder.emit(started('start'));
    recorder.expectOrder({ stage: 'resolve' }, { stage: 'start' });
    expect(() => recorder.expectOrder({ stage: 'start' }, { stage: 'resolve' })).toThrow(
      'There was no event {"stage":"resolve"} after {"stage":"start"}; there were: stage.started, warning, stage.started.',
    );
    // One event does not count twice.
    expect(() => recorder.expectOrder('warning', 'warning')).toThrow('after "warning"');
  });
});
