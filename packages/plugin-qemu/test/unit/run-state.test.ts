import { describe, expect, it } from '@jest/globals';
import { isAsleep, runState } from '../../src/run-state.js';

describe('runState', () => {
  it.each([
    ['running', 'running', undefined],
    ['paused', 'suspended', undefined],
    ['suspended', 'suspended', 'asleep (ACPI S3)'],
    ['io-error', 'suspended', expect.stringContaining('io-error')],
    ['internal-error', 'failed', expect.stringContaining('internal-error')],
    ['guest-panicked', 'failed', expect.stringContaining('panicked')],
    ['shutdown', 'failed', expect.stringContaining('shut down')],
    ['prelaunch', 'preparing', expect.stringContaining('prelaunch')],
    ['a-newer-word', 'running', 'a-newer-word'],
    ['constructor', 'running', 'constructor'],
  ])('takes "%s" for %s', (status, name, detail) => {
    expect(runState({ status, running: true })).toEqual(detail === undefined ? { name } : { name, detail });
  });

  it.each([undefined, null, {}, { status: 3 }, []])(
    'takes the odd answer %j for a QEMU that runs',
    (reply) => {
      expect(runState(reply).name).toBe('running');
    },
  );

  it('tells a guest that sleeps from one that was paused', () => {
    expect(isAsleep({ status: 'suspended' })).toBe(true);
    expect(isAsleep({ status: 'paused' })).toBe(false);
  });
});
