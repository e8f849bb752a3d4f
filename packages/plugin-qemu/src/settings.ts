import type { BackendSettings, BackendSettingValues, PluginHost } from '@vmctl/core/plugin';
import type { DiskCache } from './qemu-arguments.js';

const CACHES = ['writeback', 'none', 'unsafe'] as const satisfies readonly DiskCache[];

/** What a user may set for all VMs: in a configuration under `backends.qemu`, or in the environment. */
const SETTINGS = {
  binary: {
    type: 'program',
    variable: 'VMCTL_QEMU',
    description: 'The program to run, instead of qemu-system-x86_64.',
  },
  accelerator: {
    type: 'word',
    words: ['kvm', 'tcg'],
    variable: 'VMCTL_QEMU_ACCEL',
    description: 'The accelerator, without a trial whether KVM works.',
  },
  diskCache: {
    type: 'word',
    words: CACHES,
    default: 'writeback',
    variable: 'VMCTL_QEMU_CACHE',
    description: 'How disks are cached.',
  },
  sandbox: {
    type: 'switch',
    default: true,
    variable: 'VMCTL_QEMU_SANDBOX',
    description: 'Off for a QEMU that is built without seccomp.',
  },
} as const satisfies BackendSettings;

export type QemuSettings = BackendSettingValues<typeof SETTINGS>;

/** Says which settings there are; for whoever makes the backend. */
export function declareSettings(host: Pick<PluginHost, 'backendSettings'>): () => Promise<QemuSettings> {
  return host.backendSettings('qemu', SETTINGS);
}

/**
 * Reads the settings.
 *
 * @throws VMCTL_CONFIG_INVALID for a wrong value, and for a setting that there is not
 */
export function readSettings(host: Pick<PluginHost, 'backendSettings'>): Promise<QemuSettings> {
  return declareSettings(host)();
}
