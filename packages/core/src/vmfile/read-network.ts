import { isIP } from 'node:net';
import type { NetworkConfig, NetworkType, PortForward } from '../hypervisor/contract.js';
import type { NodeReader } from './node-reader.js';
import { integerKind, oneOfKind, show, type ValueKind } from './value-kinds.js';

const KINDS = ['user', 'tap', 'vnic', 'none'] as const satisfies readonly NetworkType[];

/** The kinds that a setting belongs to. */
const SETTINGS: Readonly<Record<string, readonly NetworkType[]>> = {
  forward: ['user'],
  bridge: ['tap'],
  name: ['vnic'],
  address: ['tap', 'vnic'],
};

const portKind: ValueKind<number> = { ...integerKind, example: '8080' };

/** A forwarded port with the node that asks for it. */
export interface DeclaredForward {
  readonly forward: PortForward;
  readonly node: NodeReader;
}

/** What a VM's `network` block says. */
export interface DeclaredNetwork {
  /** Undefined: the VM's backend decides. */
  readonly network: NetworkConfig | undefined;
  readonly forwards: readonly DeclaredForward[];
}

/** The bridge of a guest whose VMFile and configuration name none. */
export const DEFAULT_BRIDGE = 'br0';

/** The network of a VM. */
export function readNetwork(vm: NodeReader, defaultBridge = DEFAULT_BRIDGE): DeclaredNetwork {
  const node = vm.child('network');
  const none = { network: undefined, forwards: [] } as const;
  if (node === undefined) return none;
  const kind = node.positional(0, oneOfKind(KINDS), { required: true, what: 'kind' });
  if (kind === undefined) {
    // Which settings it may have depends on the kind.
    node.excuse();
    return none;
  }
  for (const [name, owners] of Object.entries(SETTINGS)) {
    const kinds = owners.map((owner) => `network "${owner}"`).join(' and ');
    if (!owners.includes(kind)) node.hintAbout(name, `It is a setting of ${kinds}.`);
  }
  switch (kind) {
    case 'user':
      return { network: { type: 'user' }, forwards: node.children('forward').flatMap(readForward) };
    case 'tap': {
      const bridge = node.string('bridge', { check: checkLinkName(15) }) ?? defaultBridge;
      return { network: { type: 'tap', bridge, ...readGuestAddress(node) }, forwards: [] };
    }
    case 'vnic': {
      const name = node.string('name', { check: checkLinkName(31) });
      const named = name === undefined ? {} : { name };
      return { network: { type: 'vnic', ...named, ...readGuestAddress(node) }, forwards: [] };
    }
    case 'none':
      return { network: { type: 'none' }, forwards: [] };
  }
}

/** The address that the guest has by itself. */
function readGuestAddress(node: NodeReader): { readonly address?: string } {
  const address = node.string('address', { check: checkGuestAddress });
  return address === undefined ? {} : { address };
}

function checkGuestAddress(address: string): string | undefined {
  if (isIP(address) !== 0) return undefined;
  return `must be the IP address of the guest, such as "192.168.1.50", not ${show(address)}`;
}

function readForward(node: NodeReader): DeclaredForward[] {
  const host = node.setting('host', portKind, { required: true, check: checkPort(0) });
  const guest = node.setting('guest', portKind, { required: true, check: checkPort(1) });
  const address = node.string('address', { check: checkAddress }) ?? '127.0.0.1';
  if (host === undefined || guest === undefined) return [];
  return [{ forward: { address, host, guest }, node }];
}

export function checkPort(least: 0 | 1): (port: number) => string | undefined {
  return (port) => {
    if (port >= least && port <= 65535) return undefined;
    return `must be a port from 1 to 65535${least === 0 ? ', or 0 for a free one' : ''}, not ${port}`;
  };
}

export function checkAddress(address: string): string | undefined {
  if (isIP(address) !== 0) return undefined;
  return `must be an IP address of this host such as "127.0.0.1", or "0.0.0.0" for all, not ${show(address)}`;
}

/** Bounds are those of the kernels: 15 characters in Linux, 31 in illumos. */
export function checkLinkName(longest: number): (name: string) => string | undefined {
  return (name) => {
    if (/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name) && name.length <= longest) return undefined;
    return `must be the name of a network link (1 to ${longest} of a-z A-Z 0-9 . _ -), not ${show(name)}`;
  };
}
