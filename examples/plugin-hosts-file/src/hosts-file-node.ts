import { isIP } from 'node:net';
import type { VmFileNode, VmNode } from '@vmctl/core/plugin';

/** One line of a hosts file. */
export interface HostEntry {
  /** IPv4 or IPv6. */
  readonly address: string;
  /** At least one. */
  readonly names: readonly string[];
}

/** What a VM's `hosts-file` node says. */
export interface HostsFileConfig {
  /** In the guest, absolute. */
  readonly path: string;
  readonly entries: readonly HostEntry[];
}

/** `hosts-file { host "10.0.2.2" "db" }`: a node of `vm`. */
export const hostsFileNode: VmNode<HostsFileConfig> = {
  name: 'hosts-file',
  decode(nodes) {
    // All of them are read, so that what is in the second one is not unknown on top of being too much.
    const configs = nodes.map(decodeOne);
    for (const extra of nodes.slice(1)) {
      extra.problem('a VM has one "hosts-file"', { hint: 'Put all hosts into the first one.' });
    }
    return { path: configs[0]?.path ?? '/etc/hosts', entries: configs.flatMap(({ entries }) => entries) };
  },
};

function decodeOne(node: VmFileNode): HostsFileConfig {
  const path = node.string('path', { check: checkPath }) ?? '/etc/hosts';
  const owners = new Map<string, string>();
  const entries = node.children('host').map((host) => decodeHost(host, owners));
  return { path, entries };
}

/** @param owners - the address of each name so far */
function decodeHost(host: VmFileNode, owners: Map<string, string>): HostEntry {
  const address = host.argument(0, { what: 'address', required: true, check: checkAddress }) ?? '';
  if (host.arguments.length < 2) {
    host.problem(`host lacks a name`, { hint: 'Write host "10.0.2.2" "db.example"' });
  }
  const names = host.arguments.slice(1).flatMap((_, place) => {
    const index = place + 1;
    const name = host.argument(index, { what: 'name', check: checkName });
    if (name === undefined) return [];
    const owner = owners.get(name.toLowerCase());
    if (owner !== undefined) {
      host.problem(`"${name}" is a name of ${owner} already`, { at: { kind: 'argument', index } });
    }
    owners.set(name.toLowerCase(), address);
    return [name];
  });
  return { address, names };
}

function checkPath(path: string): string | undefined {
  return path.startsWith('/') ? undefined : 'must be an absolute path of the guest';
}

function checkAddress(address: string): string | undefined {
  return isIP(address) === 0 ? 'must be an IPv4 or IPv6 address' : undefined;
}

/** RFC 1123, section 2.1. */
function checkName(name: string): string | undefined {
  const labels = name.split('.');
  const fits =
    name.length <= 253 && labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
  return fits ? undefined : `must be a host name, not ${JSON.stringify(name)}`;
}
