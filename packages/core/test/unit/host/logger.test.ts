import { describe, expect, it } from '@jest/globals';
import { createLogger, isShown } from '../../../src/host/logger.js';

describe('isShown', () => {
  it.each([
    ['vmctl', '', false],
    ['vmctl', 'vmctl', true],
    ['vmctl:qemu', 'vmctl', false],
    ['vmctl', 'vmctl:*', true],
    ['vmctl:qemu', 'vmctl:*', true],
    ['vmctl:qemu:qmp', 'vmctl:*', true],
    ['vmctls', 'vmctl:*', false],
    ['vmctl:qemu', 'vmctl:q*', true],
    ['vmctl:ssh', 'vmctl:q*', false],
    ['vmctl:qemu:qmp', '*:qmp', true],
    ['vmctl:qemu', '*', true],
    ['vmctl:qemu', 'other, vmctl:qemu', true],
    ['vmctl:qemu', 'other vmctl:qemu', true],
    ['vmctl:qemu', 'vmctl:*,-vmctl:qemu', false],
    ['vmctl:qemu:qmp', '-vmctl:qemu:*,vmctl:*', false],
    ['vmctl:ssh', '-vmctl:qemu:*,vmctl:*', true],
    ['vmctl:a.b', 'vmctl:a+b', false],
    ['vmctl:[', 'vmctl:[', true],
  ])('%s with DEBUG=%j: %s', (name, patterns, shown) => {
    expect(isShown(name, patterns)).toBe(shown);
  });
});

describe('createLogger', () => {
  it('writes name, message and details in one line, with the time since the start', () => {
    const lines: string[] = [];
    const log = createLogger('vmctl', { patterns: 'vmctl:*', write: (line) => void lines.push(line) });
    log.child('qemu').debug('started', { pid: 7 }, 'now');
    expect(lines).toEqual([expect.stringMatching(/^ *\d+ms vmctl:qemu started \{ pid: 7 \} now\n$/)]);
  });

  it('writes nothing, and does not even look at the details, when nobody asked', () => {
    const lines: string[] = [];
    const log = createLogger('vmctl', { patterns: 'other', write: (line) => void lines.push(line) });
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error('looked at');
        },
      },
    );
    log.debug('x', trap);
    log.child('y').debug('x', trap);
    expect(lines).toEqual([]);
  });
});
