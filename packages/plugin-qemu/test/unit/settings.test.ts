import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/settings.js';
import { makeError } from '../support/plugin-host.js';

const read = (env: Record<string, string>) => readSettings({ env, error: makeError });

describe('readSettings', () => {
  it('has defaults for all of them', () => {
    const defaults = { binary: undefined, accelerator: undefined, diskCache: 'writeback', sandbox: true };
    expect(read({})).toEqual(defaults);
    expect(
      read({ VMCTL_QEMU: '', VMCTL_QEMU_ACCEL: '', VMCTL_QEMU_CACHE: '', VMCTL_QEMU_SANDBOX: '' }),
    ).toEqual(defaults);
  });

  it('reads each of them', () => {
    expect(
      read({
        VMCTL_QEMU: '/opt/qemu',
        VMCTL_QEMU_ACCEL: 'tcg',
        VMCTL_QEMU_CACHE: 'unsafe',
        VMCTL_QEMU_SANDBOX: 'off',
      }),
    ).toEqual({ binary: '/opt/qemu', accelerator: 'tcg', diskCache: 'unsafe', sandbox: false });
  });

  it('takes a name for a program in PATH, and a path from where vmctl runs', () => {
    expect(read({ VMCTL_QEMU: 'qemu-git' }).binary).toBe('qemu-git');
    expect(read({ VMCTL_QEMU: 'build/qemu' }).binary).toBe(`${process.cwd()}/build/qemu`);
  });

  it.each(['VMCTL_QEMU_ACCEL', 'VMCTL_QEMU_CACHE', 'VMCTL_QEMU_SANDBOX'])('refuses a wrong %s', (name) => {
    expect(() => read({ [name]: 'hvf' })).toThrow(
      expect.objectContaining({ code: 'VMCTL_QEMU_SETTING_INVALID', message: expect.stringContaining(name) }),
    );
  });
});
