import { isIPv6 } from 'node:net';
import { nearest } from '../errors/nearest.js';
import type { PortForward } from '../hypervisor/contract.js';
import type { DeclaredForward } from './read-network.js';
import type { DeclaredDependency, DeclaredVm } from './read-vm.js';
import { show } from './value-kinds.js';

/** Reports what is wrong between the VMs of a file. */
export function checkFile(vms: readonly DeclaredVm[]): void {
  checkNames(vms);
  checkDependencies(vms);
  checkForwards(vms);
}

function checkNames(vms: readonly DeclaredVm[]): void {
  const names = new Set<string>();
  for (const { name, node } of vms) {
    if (name === undefined) continue;
    if (names.has(name)) {
      node.problem(`two VMs are called ${show(name)}`, { at: { kind: 'argument', index: 0 } });
    }
    names.add(name);
  }
}

function checkDependencies(vms: readonly DeclaredVm[]): void {
  const names = vms.flatMap(({ name }) => name ?? []);
  const known = new Set(names);
  for (const { name, dependencies } of vms) {
    const seen = new Set<string>();
    for (const { dependency, node, index } of dependencies) {
      const at = { kind: 'argument', index } as const;
      const { vm } = dependency;
      if (vm === name) {
        node.problem(`${show(vm)} cannot depend on itself`, { at });
      } else if (!known.has(vm)) {
        const meant = nearest(vm, names);
        const hint =
          meant === undefined
            ? `The file has: ${names.slice(0, 12).join(', ')}.`
            : `Did you mean "${meant}"?`;
        node.problem(`there is no VM ${show(vm)} in the file`, { at, hint });
      } else if (seen.has(vm)) {
        node.problem(`${show(vm)} is in "depends-on" twice`, { at, hint: 'Keep one of them.' });
      }
      seen.add(vm);
    }
  }
  checkCycles(vms);
}

/** Reports each cycle where it closes. Walks without recursion: a chain may be as long as the file. */
function checkCycles(vms: readonly DeclaredVm[]): void {
  const byName = new Map(vms.map((vm) => [vm.name, vm]));
  const done = new Set<DeclaredVm>();
  for (const start of vms) {
    if (done.has(start)) continue;
    const path = [{ vm: start, next: 0 }];
    const depth = new Map([[start, 0]]);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const declared = top.vm.dependencies[top.next++];
      if (declared === undefined) {
        done.add(top.vm);
        depth.delete(top.vm);
        path.pop();
        continue;
      }
      const target = byName.get(declared.dependency.vm);
      if (target === undefined || target === top.vm || done.has(target)) continue;
      const from = depth.get(target);
      if (from === undefined) {
        depth.set(target, path.length);
        path.push({ vm: target, next: 0 });
      } else {
        reportCycle(declared, [...path.slice(from).map(({ vm }) => vm.name ?? ''), target.name ?? '']);
      }
    }
  }
}

function reportCycle({ node, index }: DeclaredDependency, names: readonly string[]): void {
  const shown = names.length > 12 ? [...names.slice(0, 10), '…', ...names.slice(-1)] : names;
  node.problem(`these VMs wait for each other: ${shown.join(' → ')}`, {
    at: { kind: 'argument', index },
    hint: 'Leave out one "depends-on" of the circle.',
  });
}

/** Two VMs cannot have the same port of the host, nor can one have it twice. */
function checkForwards(vms: readonly DeclaredVm[]): void {
  const taken = new Map<number, { readonly forward: PortForward; readonly owner: string }[]>();
  for (const { node, forwards } of vms) {
    for (const declared of forwards) {
      const { forward } = declared;
      if (forward.host === 0) continue;
      const others = taken.get(forward.host) ?? [];
      const other = others.find((each) => overlap(each.forward.address, forward.address));
      if (other !== undefined) reportTaken(declared, other.forward.address, other.owner);
      else taken.set(forward.host, [...others, { forward, owner: node.title }]);
    }
  }
}

function reportTaken({ forward, node }: DeclaredForward, address: string, owner: string): void {
  node.problem(`port ${forward.host} of ${address} leads to ${owner} already`, {
    at: { kind: 'setting', name: 'host' },
    hint: 'Choose another port, or host=0 for a free one.',
  });
}

/** Whether a port of one address is one of the other as well. */
function overlap(a: string, b: string): boolean {
  if (isIPv6(a) !== isIPv6(b)) return false;
  const all = isIPv6(a) ? '::' : '0.0.0.0';
  const [first, second] = [canonical(a), canonical(b)];
  return first === second || first === all || second === all;
}

/** IPv6 addresses can be written in many ways; URLs have one. */
function canonical(address: string): string {
  return isIPv6(address) && URL.canParse(`http://[${address}]`)
    ? new URL(`http://[${address}]`).hostname.slice(1, -1)
    : address;
}
