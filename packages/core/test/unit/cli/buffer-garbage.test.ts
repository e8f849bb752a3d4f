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
  // Not the peak: it depends on when the machine lets V8's own thread give the memory back.
  it('gives back those that nobody uses, time and again', async () => {
    const stop = collectBuffers();
    try {
      const before = buffersInUse();
      for (let round = 0; round < 3; round++) {
        // Below the 64 MB after which V8 looks by itself, and more than is tolerated beside what other tests hold.
        leaveBuffers(24 + Math.ceil(before / MB));
        const deadline = Date.now() + 15_000;
        while (buffersInUse() - before > 8 * MB && Date.now() < deadline) await sleep(20);
        expect(buffersInUse() - before).toBeLessThanOrEqual(8 * MB);
      }
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
