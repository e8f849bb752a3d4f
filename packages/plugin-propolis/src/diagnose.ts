import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { HostFinding, HypervisorContext } from '@vmctl/core/plugin';
import type { Parts } from './parts.js';
import { findLeftOvers } from './left-overs.js';
import { findBootrom, findServer } from './programs.js';
import { type PropolisSettings, readSettings } from './settings.js';
import { messageOf } from './thrown.js';

/** bhyve's own device; without it no guest runs. */
const VMM = '/dev/vmmctl';

/** What this host has and lacks for guests of propolis. Never rejects for what it finds. */
export async function diagnoseHost(
  parts: Parts,
  { signal }: Pick<HypervisorContext, 'signal'>,
): Promise<HostFinding[]> {
  const { host } = parts;
  if (host.platform !== 'sunos') {
    return [
      {
        id: 'propolis',
        status: 'warning',
        title: `propolis is unsupported on "${host.platform}"`,
        detail: 'propolis-server runs on illumos only.',
      },
    ];
  }
  let settings: PropolisSettings;
  try {
    settings = await readSettings(host);
  } catch (error) {
    return [failed('propolis-settings', 'A setting cannot be used', error)];
  }
  return Promise.all([
    looked('propolis-server', 'propolis-server', () => findServer(host, settings)),
    looked('propolis-bootrom', 'Boot ROM', () => findBootrom(host, settings)),
    program(parts, 'qemu-img', 'It converts images to volumes.', 'pkg install qemu-img'),
    program(parts, 'pfexec', 'It lets vmctl use the rights of your profiles.', undefined),
    looked('propolis-vmm', 'bhyve', async () => {
      await access(VMM).catch(() => {
        throw new Error(`There is no ${VMM}: the kernel has no bhyve, or the processor no virtualization.`);
      });
      return VMM;
    }),
    poolFinding(parts, settings, signal),
    linkFinding(parts, settings, signal),
    zoneFinding(parts, signal),
    leftOverFinding(parts, settings, signal),
  ]);
}

async function poolFinding(
  { commands }: Parts,
  { dataset }: PropolisSettings,
  signal: AbortSignal,
): Promise<HostFinding> {
  return looked('propolis-zfs', 'ZFS', async () => {
    const volumes = await commands.listVolumes({ signal });
    const own = volumes.filter(({ name }) => name.startsWith(`${dataset}/`)).length;
    return `${dataset}, ${own} ${own === 1 ? 'volume' : 'volumes'}`;
  });
}

async function linkFinding(
  { commands }: Parts,
  { link }: PropolisSettings,
  signal: AbortSignal,
): Promise<HostFinding> {
  const id = 'propolis-link';
  const detail = 'Only VMs with network "vnic" need one.';
  try {
    const links = await commands.listPhysicalLinks({ signal });
    const [only] = links;
    if (link !== undefined) return { id, status: 'ok', title: 'Link for VNICs', detail: link };
    if (only !== undefined && links.length === 1) {
      return { id, status: 'ok', title: 'Link for VNICs', detail: only };
    }
    const title = only === undefined ? 'There is no link for VNICs' : `VNICs can be over ${links.join(', ')}`;
    const fix = `export VMCTL_PROPOLIS_LINK=${only ?? 'stub0'}`;
    return { id, status: 'warning', title, detail, fix };
  } catch (error) {
    return { ...failed(id, 'The links cannot be listed', error), status: 'warning' };
  }
}

/** propolis-server drives bhyve directly, which only the global zone may by itself. */
async function zoneFinding({ commands }: Parts, signal: AbortSignal): Promise<HostFinding> {
  const id = 'propolis-zone';
  try {
    const zones = await commands.listZones({ signal });
    if (zones.some(({ name }) => name === 'global')) return { id, status: 'ok', title: 'Global zone' };
    const names = zones.map(({ name }) => name).join(', ');
    const detail = 'Run vmctl in the global zone, or see that the zone has /dev/vmm* and delegated datasets.';
    return { id, status: 'warning', title: `vmctl runs in the zone ${names}`, detail };
  } catch (error) {
    return { ...failed(id, 'The zones cannot be listed', error), status: 'warning' };
  }
}

/** Disks and VNICs of VMs that vmctl has no more: it was killed while it made or removed them. */
async function leftOverFinding(
  parts: Parts,
  { dataset }: PropolisSettings,
  signal: AbortSignal,
): Promise<HostFinding> {
  const id = 'propolis-left-overs';
  try {
    const { volumes, vnics } = await findLeftOvers(parts, dataset, signal);
    if (volumes.length + vnics.length === 0) return { id, status: 'ok', title: 'No left-overs of VMs' };
    const commands = [
      ...vnics.map((link) => `pfexec dladm delete-vnic -t ${link}`),
      ...volumes.map((name) => `pfexec zfs destroy ${name}`),
    ];
    return {
      id,
      status: 'warning',
      title: 'There are left-overs of VMs that are gone',
      detail: [...volumes, ...vnics].join(', '),
      fix: commands.join('; '),
    };
  } catch (error) {
    return { ...failed(id, 'Left-overs cannot be looked for', error), status: 'warning' };
  }
}

async function program(
  { host }: Parts,
  name: string,
  why: string,
  fix: string | undefined,
): Promise<HostFinding> {
  const id = `propolis-${name}`;
  for (const directory of (host.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, name);
    if (directory === '') continue;
    const mayRun = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (mayRun) return { id, status: 'ok', title: name, detail: path };
  }
  return { id, status: 'error', title: `${name} is not installed`, detail: why, fix };
}

async function looked(id: string, title: string, look: () => Promise<string>): Promise<HostFinding> {
  try {
    return { id, status: 'ok', title, detail: await look() };
  } catch (error) {
    return failed(id, `${title} is missing or does not work`, error);
  }
}

function failed(id: string, title: string, error: unknown): HostFinding {
  return { id, status: 'error', title, detail: messageOf(error), fix: hintOf(error) };
}

function hintOf(error: unknown): string | undefined {
  const hint = typeof error === 'object' && error !== null && 'hint' in error ? error.hint : undefined;
  return typeof hint === 'string' ? hint : undefined;
}
