import { describe, expect, it } from '@jest/globals';
import { EventQueue } from '../../src/event-queue.js';

describe('EventQueue', () => {
  it('hands out what came before and what comes while somebody waits, in order', async () => {
    const queue = new EventQueue<number>(10, () => undefined);
    queue.push(1);
    const first = queue.next();
    const second = queue.next();
    queue.push(2);
    queue.push(3);
    queue.end();
    expect([await first, await second, await queue.next(), await queue.next()]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: false, value: 3 },
      { done: true, value: undefined },
    ]);
  });

  it('drops the oldest when nobody takes them, and counts what it dropped', async () => {
    const queue = new EventQueue<number>(2, () => undefined);
    for (const item of [1, 2, 3, 4]) queue.push(item);
    queue.end();
    const seen: number[] = [];
    for await (const item of queue) seen.push(item);
    expect(seen).toEqual([3, 4]);
    expect(queue.dropped).toBe(2);
  });

  it('says once that it has ended, also when the reader leaves the loop', async () => {
    let ends = 0;
    const queue = new EventQueue<number>(2, () => (ends += 1));
    queue.push(1);
    for await (const _ of queue) break;
    queue.end();
    expect(ends).toBe(1);
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });
});
