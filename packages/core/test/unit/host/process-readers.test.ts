import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parsePsinfo } from '../../../src/host/illumos-processes.js';
import { parseLinuxStat } from '../../../src/host/linux-processes.js';

describe('parseLinuxStat', () => {
  it('finds state and start time behind any command name', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), fc.nat(), (command, ticks) => {
        const numbers = Array.from({ length: 18 }, (_, index) => String(index));
        const line = `4242 (${command}) S ${numbers.join(' ')} ${ticks} 3932160 531 0 0\n`;
        expect(parseLinuxStat(line)).toEqual({ state: 'S', startTicks: String(ticks) });
      }),
    );
  });

  it.each(['', '1 (x)', '1 (x) S 1 2 3', 'nonsense'])('gives nothing for %j', (line) => {
    expect(parseLinuxStat(line)).toBeUndefined();
  });
});

describe('parsePsinfo', () => {
  // Field by field as procfs.h of illumos has it for 64-bit processes, since there is no illumos here to ask.
  const psinfo = (options: { threads: number }): Buffer => {
    const bytes = Buffer.alloc(416);
    let at = 0;
    const int = (value: number) => (at = bytes.writeInt32LE(value, at));
    const long = (value: bigint) => (at = bytes.writeBigInt64LE(value, at));
    int(0); // pr_flag
    int(options.threads); // pr_nlwp
    [4242, 1, 4242, 4242].forEach(int); // pid, ppid, pgid, sid
    [100, 100, 10, 10].forEach(int); // uid, euid, gid, egid
    [0n, 5000n, 4000n, 0n, -1n].forEach(long); // addr, size, rssize, pad1, ttydev
    int(0); // pctcpu, pctmem
    int(0); // padding of the compiler's
    [1_790_000_000n, 123_456_789n].forEach(long); // start
    [0n, 0n, 0n, 0n].forEach(long); // time, ctime
    at += bytes.write('propolis-serve', at) + 2; // fname
    bytes.write('propolis-server run -a config.toml ', at); // psargs
    return bytes;
  };

  it('reads id, start time and arguments', () => {
    expect(parsePsinfo(psinfo({ threads: 7 }))).toEqual({
      pid: 4242,
      threads: 7,
      start: '1790000000.123456789',
      args: 'propolis-server run -a config.toml',
    });
  });

  it('shows a zombie as without threads', () => {
    expect(parsePsinfo(psinfo({ threads: 0 }))?.threads).toBe(0);
  });

  it('gives nothing for a file that is too short', () => {
    expect(parsePsinfo(Buffer.alloc(100))).toBeUndefined();
  });
});
