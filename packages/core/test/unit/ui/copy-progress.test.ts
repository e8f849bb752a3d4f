import { describe, expect, it } from '@jest/globals';
import { CopyProgressLine } from '../../../src/ui/copy-progress.js';

const MIB = 1024 * 1024;

describe('CopyProgressLine', () => {
  it('shows how much is there, how fast it goes, and how long it still takes', () => {
    let now = 0;
    const line = new CopyProgressLine(() => now);
    const progress = { source: 'disk.img', totalBytes: 100 * MIB, resumedBytes: 0 };
    expect(line.text({ ...progress, bytes: 0 })).toBe('disk.img  0 % of 100 MiB');
    now = 2_000;
    expect(line.text({ ...progress, bytes: 20 * MIB })).toBe(
      'disk.img  20 % of 100 MiB  10 MiB/s  8.0s left',
    );
  });

  it('does not count what an earlier copy has brought as speed', () => {
    let now = 0;
    const line = new CopyProgressLine(() => now);
    const progress = { source: 'disk.img', totalBytes: 100 * MIB, resumedBytes: 50 * MIB };
    line.text({ ...progress, bytes: 50 * MIB });
    now = 1_000;
    expect(line.text({ ...progress, bytes: 60 * MIB })).toBe(
      'disk.img  60 % of 100 MiB  10 MiB/s  4.0s left  50 MiB were there',
    );
  });

  it('shows bytes where the total is not known, and no control characters of a name', () => {
    const line = new CopyProgressLine(() => 0);
    const text = line.text({ source: 'a\x1b[2Jb', bytes: 512, totalBytes: undefined, resumedBytes: 0 });
    expect(text).toBe('ab  512 B');
  });
});
