import { describe, expect, it } from '@jest/globals';
import { EventStream } from '../../../src/events/event-stream.js';
import type { VmctlEvent, VmctlEventBody } from '../../../src/events/events.js';

const event: VmctlEventBody = { type: 'check.started', vm: 'web', check: 'login works' };

describe('the event stream', () => {
  it('gives everybody each event with the time it happened', () => {
    const stream = new EventStream();
    const [one, two]: [VmctlEvent[], VmctlEvent[]] = [[], []];
    stream.subscribe((each) => one.push(each));
    const unsubscribe = stream.subscribe((each) => two.push(each));
    stream.emit(event);
    unsubscribe();
    stream.emit(event);
    expect(one).toHaveLength(2);
    expect(two).toEqual([{ ...event, time: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/) }]);
  });

  it('goes on when a listener throws', () => {
    const stream = new EventStream();
    const heard: VmctlEvent[] = [];
    stream.subscribe(() => {
      throw new Error('a renderer that fails');
    });
    stream.subscribe((each) => heard.push(each));
    stream.emit(event);
    expect(heard).toHaveLength(1);
  });

  it('says that somebody is behind until the last one has caught up', async () => {
    const stream = new EventStream();
    const slow = Promise.withResolvers<void>();
    const slower = Promise.withResolvers<void>();
    stream.subscribe(() => undefined);
    expect(stream.pressure()).toBeUndefined();
    stream.subscribe(
      () => undefined,
      () => slow.promise,
    );
    const unsubscribe = stream.subscribe(
      () => undefined,
      () => slower.promise,
    );
    let caughtUp = false;
    const waiting = stream.pressure()?.then(() => (caughtUp = true));
    slow.resolve();
    await slow.promise;
    expect(caughtUp).toBe(false);
    slower.resolve();
    await waiting;
    unsubscribe();
    expect(caughtUp).toBe(true);
  });

  it('has settled when everybody has done their work, which some of them may not tell', async () => {
    const stream = new EventStream();
    const work = Promise.withResolvers<void>();
    const order: string[] = [];
    stream.subscribe(() => undefined);
    stream.subscribe(
      () => undefined,
      undefined,
      () => work.promise,
    );
    const settled = stream.settled().then(() => order.push('settled'));
    order.push('still at work');
    work.resolve();
    await settled;
    expect(order).toEqual(['still at work', 'settled']);
  });
});
