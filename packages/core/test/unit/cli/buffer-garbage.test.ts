import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectBuffers } from '../../../src/cli/buffer-garbage.js';

const MB = 1024 * 1024;
const buffersInUse = () => process.memoryUsage().arrayBuffers;

/** As an upload leaves them behind. */
function leaveBuffers(count: number): void {
  for (let index = 0; index < count; index++) Buffer.alloc(MB);
}

describe('collecting buffers', () => {
  it('finds those that nobody uses before they are many', async () => {
    const stop = collectBuffers();
    try {
      const before = buffersInUse();
      let most = 0;
      for (let round = 0; round < 40; round++) {
        leaveBuffers(4);
        most = Math.max(most, buffersInUse() - before);
        await sleep(25);
      }
      expect(most).toBeLessThan(32 * MB);
    } finally {
      stop();
    }
  });

  it('leaves those that are in use', async () => {
    const stop = collectBuffers();
    try {
      const used = Array.from({ length: 32 }, (_, index) => Buffer.alloc(MB, index));
      await sleep(200);
      expect(used.map((buffer) => buffer[MB - 1])).toEqual(Array.from({ length: 32 }, (_, index) => index));
    } finally {
      stop();
    }
  });
});
