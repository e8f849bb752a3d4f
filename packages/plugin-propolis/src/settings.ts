import type { BackendSettings, BackendSettingValues, PluginHost } from '@vmctl/core/plugin';

/** What a user may set for all VMs: in a configuration under `backends.propolis`, or in the environment. */
const SETTINGS = {
  dataset: {
    type: 'text',
    default: 'rpool/vmctl',
    variable: 'VMCTL_PROPOLIS_DATASET',
    description: 'The ZFS dataset below which all volumes of vmctl are.',
  },
  link: {
    type: 'text',
    variable: 'VMCTL_PROPOLIS_LINK',
    description: 'The link that VNICs are made over, instead of the only physical one.',
  },
  bootrom: {
    type: 'path',
    variable: 'VMCTL_PROPOLIS_BOOTROM',
    description: 'The boot ROM, OVMF_CODE.fd.',
  },
  server: {
    type: 'program',
    variable: 'VMCTL_PROPOLIS_SERVER',
    description: 'The program to run, instead of propolis-server.',
  },
  leases: {
    type: 'path',
    variable: 'VMCTL_PROPOLIS_LEASES',
    description: 'The lease file of the DHCP server on this host.',
  },
} as const satisfies BackendSettings;

export type PropolisSettings = BackendSettingValues<typeof SETTINGS>;

type Host = Pick<PluginHost, 'backendSettings' | 'error'>;

/** A pool and at least one level: never the pool itself, which is not vmctl's. */
const DATASET = /^[A-Za-z][\w.:-]*(?:\/[\w.:-]+)+$/;
const LONGEST_DATASET = 128;

/** Says which settings there are; for whoever makes the backend. */
export function declareSettings(host: Pick<PluginHost, 'backendSettings'>): () => Promise<PropolisSettings> {
  return host.backendSettings('propolis', SETTINGS);
}

/**
 * Reads the settings.
 *
 * @throws VMCTL_CONFIG_INVALID for a wrong value, and for a setting that there is not
 * @throws VMCTL_PROPOLIS_DATASET_INVALID for a dataset that vmctl cannot have for itself
 */
export async function readSettings(host: Host): Promise<PropolisSettings> {
  const settings = await declareSettings(host)();
  const { dataset } = settings;
  if (DATASET.test(dataset) && dataset.length <= LONGEST_DATASET) return settings;
  throw host.error('VMCTL_PROPOLIS_DATASET_INVALID', {
    message: `The volumes of vmctl cannot be below "${dataset}".`,
    hint: 'The setting `dataset` of the backend propolis (VMCTL_PROPOLIS_DATASET) is a dataset below a pool: rpool/vmctl.',
    details: { dataset },
  });
}
