import { expect, it } from '@jest/globals';
import { createRealHost } from '../../../src/testing.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const purpose = 'trying locks';

it('lets one part of a plugin at a time hold a lock, and the next one when it is done, however that ended', async () => {
  const { locks } = createRealHost({ directory: directory.path });
  const order: string[] = [];
  const entered = Promise.withResolvers<void>();
  const may = Promise.withResolvers<void>();
  const first = locks.hold('a disk', { purpose }, async () => {
    order.push('first enters');
    entered.resolve();
    await may.promise;
    order.push('first fails');
    throw new Error('broken');
  });
  await entered.promise;
  const second = locks.hold('a disk', { purpose }, async () => {
    order.push('second enters');
    return 2;
  });
  expect(await locks.hold('another disk', { purpose }, async () => 'free')).toBe('free');
  may.resolve();
  await expect(first).rejects.toThrow('broken');
  expect(await second).toBe(2);
  expect(order).toEqual(['first enters', 'first fails', 'second enters']);
});

it('stops waiting for a lock when the command is interrupted', async () => {
  const { locks } = createRealHost({ directory: directory.path });
  const interruption = new AbortController();
  const reason = new Error('interrupted');
  await locks.hold('a disk', { purpose }, async () => {
    const waiting = locks.hold('a disk', { purpose, signal: interruption.signal }, async () => 'entered');
    interruption.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});
