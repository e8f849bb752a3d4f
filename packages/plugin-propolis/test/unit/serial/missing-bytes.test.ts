import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { bytesRecorded, missingMark } from '../../../src/serial/missing-bytes.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
/** What a stream of a file reads at a time. */
const PIECE = 64 * 1024;

async function recorded(content: string | Uint8Array, start = 0): Promise<number> {
  const path = join(directory.path, 'console.log');
  await writeFile(path, content);
  return bytesRecorded(path, start);
}

describe('how far a log has come', () => {
  it('is as many bytes as it has of this boot', async () => {
    expect(await bytesRecorded(join(directory.path, 'none'), 0)).toBe(0);
    expect(await recorded('earlier\nthis boot', 8)).toBe(9);
    expect(await recorded('cut', 100)).toBe(0);
    expect(await recorded(Buffer.alloc(3 * PIECE + 7, 0xff))).toBe(3 * PIECE + 7);
  });

  it('counts what it says is missing, as often as it says so', async () => {
    expect(await recorded(`ab${missingMark(1000)}cd`)).toBe(1004);
    expect(await recorded(`ab${missingMark(1000)}${missingMark(30)}${missingMark(0)}cd`)).toBe(1034);
    expect(await recorded(`${missingMark(50)}of an earlier boot|ab`, missingMark(50).length + 19)).toBe(2);
  });

  it('does so wherever the log is cut into pieces', async () => {
    const mark = missingMark(123_456_789);
    for (let before = PIECE - mark.length - 1; before <= PIECE + 1; before += 1) {
      expect(await recorded(`${'x'.repeat(before)}${mark}yz`)).toBe(before + 123_456_789 + 2);
    }
  });

  it('takes nothing for that which only begins like it', async () => {
    const text = missingMark(7).slice(0, -1);
    expect(await recorded(text)).toBe(text.length);
  });
});
