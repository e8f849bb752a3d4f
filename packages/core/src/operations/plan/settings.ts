import type { NetworkConfig, PortForward, VmHandle, VmStateName } from '../../hypervisor/contract.js';
import type { DeclaredCloudInit } from '../../hypervisor/declared-settings.js';
import type { MachineDefaults } from '../../pipeline/machine-defaults.js';
import { forwardsOf } from '../../pipeline/new-settings.js';
import type { VmDefinition } from '../../vmfile/model.js';
import { forwardText } from '../forward-text.js';

/**
 * When an edited setting takes effect: `now`: `up` changes the VM as it runs; `start`: `up` starts the VM with it;
 * `restart`: at the next start, and `up` leaves the VM running; `recreate`: only in a VM that is made anew.
 */
export type ChangeEffect = 'now' | 'start' | 'restart' | 'recreate';

/** A setting of a VM that is not as the VMFile says. */
export interface SettingChange {
  /** As the VMFile calls it: `memory`, `cloud-init hostname`. */
  readonly setting: string;
  /** What the VM has, for people; null: nothing. */
  readonly from: string | null;
  /** What the VMFile says, for people; null: nothing. */
  readonly to: string | null;
  readonly effect: ChangeEffect;
}

/** What comparing needs to know besides the VM's handle and its definition. What is undefined is not compared. */
export interface SettingFacts {
  /** The image of the VMFile: path, or URL without secrets; and of a path what it is without links. */
  readonly image: { readonly source: string; readonly realPath: string | undefined };
  /** What the VM was made from: the same, and the digest of the download. */
  readonly base: { readonly source: string | undefined; readonly sha256: string | undefined };
  /** What a seed would be made of now. */
  readonly cloudInit: DeclaredCloudInit | null | undefined;
  /** The VMFile; and the one that the VM came from, when that is another. */
  readonly vmfile: { readonly own: string | undefined; readonly other: string | undefined };
  /** What the VM's backend has where the VMFile says nothing. */
  readonly defaults: MachineDefaults;
  /** Whether the disk can become what the VMFile says, as it is larger. */
  readonly diskGrows: boolean;
  /** Whether the backend changes forwards of a VM that runs. */
  readonly liveForwards: boolean;
}

const GIB = 2 ** 30;

/** Every setting of an existing VM that is not as the VMFile says, in the order of the VMFile's reference. */
export function settingChanges(
  handle: VmHandle,
  state: VmStateName,
  definition: VmDefinition,
  facts: SettingFacts,
): readonly SettingChange[] {
  // A suspended VM goes on with the process that it has.
  const hasProcess = state === 'running' || state === 'suspended';
  const next: ChangeEffect = hasProcess ? 'restart' : 'start';
  const login: ChangeEffect = hasProcess ? 'now' : 'start';
  const wanted = definition.network ?? facts.defaults.network;
  const network = networkChange(handle, wanted, next);
  const forwards: ChangeEffect = facts.liveForwards && network.length === 0 ? login : next;
  const { own = null, other } = facts.vmfile;
  return [
    ...(other === undefined ? [] : change('VMFile', other, own, login)),
    ...imageChange(handle, definition, facts),
    ...change('vcpus', String(handle.vcpus), String(definition.vcpus), next),
    ...change('memory', `${handle.memory_mb} MiB`, `${definition.memoryMb} MiB`, next),
    ...diskChange(handle, definition, facts.diskGrows ? next : 'recreate'),
    ...(definition.backend === undefined
      ? []
      : change('backend', handle.backend, definition.backend, 'recreate')),
    ...change(
      'firmware',
      handle.uefi ? 'uefi' : 'bios',
      definition.firmware ?? facts.defaults.firmware,
      'recreate',
    ),
    ...network,
    ...forwardChanges(handle, { network: wanted, forwards: definition.forwards }, forwards),
    ...cloudInitChanges(handle, definition, facts),
    ...loginChanges(handle, definition, login),
  ];
}

function change(
  setting: string,
  from: string | null,
  to: string | null,
  effect: ChangeEffect,
): readonly SettingChange[] {
  return from === to ? [] : [{ setting, from, to, effect }];
}

function imageChange(
  handle: VmHandle,
  { image }: VmDefinition,
  { image: wanted, base }: SettingFacts,
): readonly SettingChange[] {
  const isSameFile = wanted.realPath !== undefined && wanted.realPath === handle.image_path;
  if (base.source !== undefined && base.source !== wanted.source && !isSameFile) {
    return change('image', base.source, wanted.source, 'recreate');
  }
  const sha256 = image.kind === 'url' ? image.sha256?.toLowerCase() : undefined;
  if (sha256 === undefined || base.sha256 === undefined) return [];
  return change('image sha256', base.sha256, sha256, 'recreate');
}

function diskChange({ declared, disk_gb: gib }: VmHandle, { diskBytes }: VmDefinition, effect: ChangeEffect) {
  if (declared !== undefined) {
    return change('disk', diskText(declared.disk_bytes), diskText(diskBytes ?? null), effect);
  }
  // Other tools may write down the size of every disk, and backends round it.
  if (gib === null || diskBytes === undefined || Math.ceil(gib) === Math.ceil(diskBytes / GIB)) return [];
  return change('disk', diskText(gib * GIB), diskText(diskBytes), effect);
}

/** Exact, so that no two sizes are the same text. */
function diskText(bytes: number | null): string {
  if (bytes === null) return 'as large as the image';
  for (const [unit, size] of [
    ['GiB', GIB],
    ['MiB', 2 ** 20],
  ] as const) {
    if (bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return `${bytes} bytes`;
}

function networkChange({ network: current }: VmHandle, network: NetworkConfig, effect: ChangeEffect) {
  // Without a name in the VMFile any will do.
  const anyName = current.type === 'vnic' && network.type === 'vnic' && network.name === undefined;
  return anyName ? [] : change('network', networkText(current), networkText(network), effect);
}

function networkText(network: NetworkConfig): string {
  if (network.type === 'tap') return `tap ${network.bridge}`;
  if (network.type === 'vnic' && network.name !== undefined) return `vnic ${network.name}`;
  return network.type;
}

/** Forwards that the VMFile adds, changes or takes away; those that were added by hand do not count. */
function forwardChanges(
  handle: VmHandle,
  definition: Parameters<typeof forwardsOf>[1],
  effect: ChangeEffect,
): SettingChange[] {
  // Other tools keep none in the registry, and may have made some.
  if (handle.forwards === undefined) return [];
  const { declared, added } = forwardsOf(handle, definition);
  const wanted = [...declared, ...added];
  const has = (list: readonly PortForward[], each: PortForward): boolean =>
    list.some((other) => shown(other) === shown(each));
  const current = handle.forwards;
  return [
    ...current
      .filter((each) => !has(wanted, each))
      .map((each) => ({ setting: 'forward', from: shown(each), to: null, effect })),
    ...wanted
      .filter((each) => !has(current, each))
      .map((each) => ({ setting: 'forward', from: null, to: shown(each), effect })),
  ];
}

function shown(forward: PortForward): string {
  return forwardText(forward).replace(/:0 ->/, ':(any free port) ->');
}

/** What the seed was made of: cloud-init reads it at the first start only. */
function cloudInitChanges(
  handle: VmHandle,
  definition: VmDefinition,
  { cloudInit: wanted }: SettingFacts,
): readonly SettingChange[] {
  // Other tools may make a seed whatever the VMFile says.
  if (handle.declared === undefined) return [];
  const { cloud_init: made } = handle.declared;
  const hasSeed = definition.cloudInit !== undefined;
  if ((made !== null) !== hasSeed) {
    return change('cloud-init', made === null ? null : 'a seed', hasSeed ? 'a seed' : null, 'recreate');
  }
  if (made === null || wanted === undefined || wanted === null) return [];
  const ofSeed = (setting: string, from: string | null, to: string | null) =>
    change(`cloud-init ${setting}`, from, to, 'recreate');
  const isRaw = made.user_data !== null || wanted.user_data !== null;
  return [
    ...ofSeed('hostname', made.hostname, wanted.hostname),
    ...ofSeed('user-data', digestText(made.user_data), digestText(wanted.user_data)),
    // User and key of the generated user-data; they come and go with it.
    ...(isRaw
      ? []
      : [
          ...ofSeed('ssh-key', keyText(made.authorized_key), keyText(wanted.authorized_key)),
          ...change('ssh user', made.user, wanted.user, 'recreate'),
        ]),
  ];
}

function digestText(sha256: string | null): string | null {
  return sha256 === null ? null : `sha256 ${sha256.slice(0, 12)}`;
}

/** `ssh-ed25519 …k3Yw9s me@example`: enough to tell two keys apart. */
function keyText(line: string | null): string {
  if (line === null) return 'a generated key';
  const [type = '', key = '', ...comment] = line.split(' ');
  return [type, `…${key.slice(-12)}`, ...comment].join(' ');
}

/** How vmctl logs in. A user that the seed has to make is a matter of the seed. */
function loginChanges({ declared }: VmHandle, { ssh, cloudInit }: VmDefinition, effect: ChangeEffect) {
  if (declared === undefined) return [];
  const seedUser = declared.cloud_init?.user ?? null;
  const needsSeed = cloudInit !== undefined && seedUser !== null && seedUser !== ssh.user;
  return [
    ...(needsSeed ? [] : change('ssh user', declared.ssh_user, ssh.user, effect)),
    ...change('ssh private-key', declared.ssh_private_key, ssh.privateKeyPath ?? null, effect),
  ];
}
