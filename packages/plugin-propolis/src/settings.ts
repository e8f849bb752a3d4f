import { isAbsolute } from 'node:path';
import type { PluginHost } from '@vmctl/core/plugin';

/** What a user may set for all VMs, in the environment. */
export interface PropolisSettings {
  /** `VMCTL_PROPOLIS_DATASET`: below it are all ZFS volumes of vmctl. Default `rpool/vmctl`. */
  readonly dataset: string;
  /** `VMCTL_PROPOLIS_LINK`: the link that VNICs are made over. Default: the host's only physical link. */
  readonly link: string | undefined;
  /** `VMCTL_PROPOLIS_BOOTROM`: the boot ROM, absolute. */
  readonly bootrom: string | undefined;
  /** `VMCTL_PROPOLIS_SERVER`: the program to run, a name in PATH or an absolute path. */
  readonly server: string | undefined;
  /** `VMCTL_PROPOLIS_LEASES`: the lease file of the DHCP server on this host, absolute. */
  readonly leases: string | undefined;
}

const DEFAULT_DATASET = 'rpool/vmctl';
/** A pool and at least one level: never the pool itself, which is not vmctl's. */
const DATASET = /^[A-Za-z][\w.:-]*(?:\/[\w.:-]+)+$/;
const LONGEST_DATASET = 128;

/**
 * Reads the settings. An empty variable counts as not set.
 *
 * @throws VMCTL_PROPOLIS_SETTING_INVALID
 */
export function readSettings(host: Pick<PluginHost, 'env' | 'error'>): PropolisSettings {
  const value = (name: string): string | undefined => {
    const text = host.env[name];
    return text === '' ? undefined : text;
  };
  const path = (name: string): string | undefined => {
    const text = value(name);
    if (text !== undefined && !isAbsolute(text)) throw invalid(host, name, text, 'an absolute path');
    return text;
  };
  const dataset = value('VMCTL_PROPOLIS_DATASET') ?? DEFAULT_DATASET;
  if (!DATASET.test(dataset) || dataset.length > LONGEST_DATASET) {
    throw invalid(
      host,
      'VMCTL_PROPOLIS_DATASET',
      dataset,
      `a dataset below a pool, such as ${DEFAULT_DATASET}`,
    );
  }
  return {
    dataset,
    link: value('VMCTL_PROPOLIS_LINK'),
    bootrom: path('VMCTL_PROPOLIS_BOOTROM'),
    server: value('VMCTL_PROPOLIS_SERVER'),
    leases: path('VMCTL_PROPOLIS_LEASES'),
  };
}

function invalid({ error }: Pick<PluginHost, 'error'>, name: string, value: string, wanted: string): Error {
  return error('VMCTL_PROPOLIS_SETTING_INVALID', {
    message: `The environment variable ${name} is "${value}"; it has to be ${wanted}.`,
    hint: `Correct it, or: unset ${name}`,
    details: { variable: name, value },
  });
}
