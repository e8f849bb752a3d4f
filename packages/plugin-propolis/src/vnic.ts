import type { HypervisorContext, NetworkConfig, PluginHost } from '@vmctl/core/plugin';
import { untilNotBusy } from './busy.js';
import type { Vnic } from './host/dladm-output.js';
import type { HostCommands } from './host/host-commands.js';
import { linkNameFor } from './host/link-name.js';
import { toolFailure } from './host/tool-failure.js';
import type { PropolisSettings } from './settings.js';
import type { VnicRecord } from './vm-record.js';

/** The kernel lets go of a link a moment after the server that had it has ended. */
const BUSY_MS = 10_000;

interface Network {
  readonly host: Pick<PluginHost, 'error'>;
  readonly commands: HostCommands;
}

/** The name of the VNIC that a VM wants; undefined for one without a network. */
export function vnicName(network: NetworkConfig, workDir: string): string | undefined {
  return network.type === 'vnic' ? (network.name ?? linkNameFor(workDir)) : undefined;
}

/**
 * Which VNIC a VM gets: one that is there under the name in the VMFile, else one of its own. Changes nothing.
 *
 * @returns null for a VM without a network
 * @throws VMCTL_PROPOLIS_LINK_UNCLEAR when it is not clear what a new one goes over
 */
export async function planVnic(
  { host, commands }: Network,
  vm: { readonly name: string; readonly workDir: string; readonly network: NetworkConfig },
  settings: PropolisSettings,
  { signal }: Pick<HypervisorContext, 'signal'>,
): Promise<VnicRecord | null> {
  const link = vnicName(vm.network, vm.workDir);
  if (link === undefined) return null;
  const found = (await commands.listVnics({ signal })).find((vnic) => vnic.link === link);
  if (found !== undefined) {
    return {
      link,
      over: found.over ?? '-',
      // What a killed vmctl has left under this VM's own name is this VM's.
      own: link === linkNameFor(vm.workDir),
      macAddress: found.macAddress ?? null,
    };
  }
  return {
    link,
    over: await linkBelow(host, commands, vm.name, settings, signal),
    own: true,
    macAddress: null,
  };
}

/**
 * Makes the VNIC unless it is there, with the MAC address that it had before.
 *
 * @returns the record with the MAC address, and without a claim to one that somebody else has made meanwhile
 * @throws VMCTL_PROPOLIS_VNIC_MISSING when it is to be one that vmctl does not make
 */
export async function ensureVnic(
  { host, commands }: Network,
  vm: { readonly name: string; readonly workDir: string },
  vnic: VnicRecord,
  { signal }: Pick<HypervisorContext, 'signal'>,
): Promise<VnicRecord> {
  const { link, over, macAddress } = vnic;
  const before = await find(commands, link, signal);
  if (before !== undefined) {
    return { ...vnic, own: isSurelyOwn(vnic, vm.workDir), macAddress: before.macAddress ?? macAddress };
  }
  if (!vnic.own) throw missing(host, vm.name, link);
  await commands.createVnic({ link, over, macAddress: macAddress ?? undefined }, { signal });
  return { ...vnic, macAddress: (await find(commands, link, signal))?.macAddress ?? macAddress };
}

/** Deletes the VNIC when it is vmctl's. Idempotent. */
export async function deleteVnic(
  commands: HostCommands,
  vnic: VnicRecord | null,
  workDir: string,
): Promise<void> {
  if (vnic === null || !isSurelyOwn(vnic, workDir)) return;
  // Asked first: to delete one that is not there is an error of many words.
  if ((await find(commands, vnic.link)) === undefined) return;
  try {
    await untilNotBusy(() => commands.deleteVnic(vnic.link), { timeoutMs: BUSY_MS });
  } catch (error) {
    if (toolFailure(error) !== 'missing') throw error;
  }
}

/**
 * Whether vmctl has made it for this VM. One under a name of the user's is only known to be once its MAC address was
 * written down: before that, whoever asked for it at the same time may have made it.
 */
function isSurelyOwn({ link, own, macAddress }: VnicRecord, workDir: string): boolean {
  return own && (macAddress !== null || link === linkNameFor(workDir));
}

async function find(commands: HostCommands, link: string, signal?: AbortSignal): Promise<Vnic | undefined> {
  return (await commands.listVnics({ signal })).find((vnic) => vnic.link === link);
}

async function linkBelow(
  { error }: Pick<PluginHost, 'error'>,
  commands: HostCommands,
  vm: string,
  settings: PropolisSettings,
  signal: AbortSignal,
): Promise<string> {
  if (settings.link !== undefined) return settings.link;
  const links = await commands.listPhysicalLinks({ signal });
  const [only, ...others] = links;
  if (only !== undefined && others.length === 0) return only;
  throw error('VMCTL_PROPOLIS_LINK_UNCLEAR', {
    message:
      only === undefined
        ? `${vm} cannot have a VNIC: this host has no physical link to make one over.`
        : `${vm} is to have a VNIC, and this host has several links to make one over: ${links.join(', ')}.`,
    hint:
      only === undefined
        ? 'Make an etherstub, and say its name: dladm create-etherstub stub0; export VMCTL_PROPOLIS_LINK=stub0'
        : `Say which: export VMCTL_PROPOLIS_LINK=${only}`,
    details: { vm, links },
  });
}

function missing({ error }: Pick<PluginHost, 'error'>, vm: string, link: string): Error {
  return error('VMCTL_PROPOLIS_VNIC_MISSING', {
    message: `${vm} cannot start: its VNIC ${link} is gone, and vmctl did not make it.`,
    hint: `Make it again (dladm create-vnic -l LINK ${link}), or leave the name out of the VMFile.`,
    details: { vm, link },
  });
}
