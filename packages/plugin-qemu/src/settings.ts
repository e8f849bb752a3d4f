import { resolve } from 'node:path';
import type { PluginHost } from '@vmctl/core/plugin';
import type { DiskCache } from './qemu-arguments.js';

const ACCELERATORS = ['kvm', 'tcg'] as const;
const CACHES = ['writeback', 'none', 'unsafe'] as const satisfies readonly DiskCache[];
const SWITCH = ['on', 'off'] as const;

/** What a user may set for all VMs, in the environment. */
export interface QemuSettings {
  /** `VMCTL_QEMU`: the program to run, a path or a name in PATH. */
  readonly binary: string | undefined;
  /** `VMCTL_QEMU_ACCEL`: `kvm` or `tcg`, without asking whether it works. */
  readonly accelerator: 'kvm' | 'tcg' | undefined;
  /** `VMCTL_QEMU_CACHE`: default `writeback`. */
  readonly diskCache: DiskCache;
  /** `VMCTL_QEMU_SANDBOX`: `off` for a QEMU without seccomp. */
  readonly sandbox: boolean;
}

/**
 * Reads the settings. An empty variable counts as not set.
 *
 * @throws VMCTL_QEMU_SETTING_INVALID for a value that is none of the known ones
 */
export function readSettings(host: Pick<PluginHost, 'env' | 'error'>): QemuSettings {
  const binary = host.env['VMCTL_QEMU'];
  return {
    binary:
      binary === undefined || binary === '' ? undefined : binary.includes('/') ? resolve(binary) : binary,
    accelerator: word(host, 'VMCTL_QEMU_ACCEL', ACCELERATORS),
    diskCache: word(host, 'VMCTL_QEMU_CACHE', CACHES) ?? 'writeback',
    sandbox: word(host, 'VMCTL_QEMU_SANDBOX', SWITCH) !== 'off',
  };
}

function word<T extends string>(
  { env, error }: Pick<PluginHost, 'env' | 'error'>,
  name: string,
  words: readonly T[],
): T | undefined {
  const value = env[name];
  if (value === undefined || value === '') return undefined;
  const known = words.find((candidate) => candidate === value);
  if (known !== undefined) return known;
  throw error('VMCTL_QEMU_SETTING_INVALID', {
    message: `The environment variable ${name} is "${value}"; it can be ${words.join(', ')}.`,
    hint: `Unset it, or: export ${name}=${words[0]}`,
    details: { variable: name, value },
  });
}
