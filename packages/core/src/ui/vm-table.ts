import type { VmListing } from '../operations/list.js';
import type { NetworkConfig } from '../hypervisor/contract.js';
import type { Style } from './style.js';
import { renderTable } from './table.js';
import { oneLine } from './terminal-text.js';
import { formatAge } from './units.js';

/** `vmctl list` for people. */
export function vmTable(vms: readonly VmListing[], style: Style, now = Date.now()): string[] {
  return renderTable(vms, [
    { title: 'NAME', value: (vm) => vm.name },
    { title: 'STATE', value: (vm) => colorState(vm, style) },
    { title: 'BACKEND', value: (vm) => oneLine(vm.backend) },
    { title: 'VCPUS', value: (vm) => String(vm.vcpus), align: 'right' },
    { title: 'MEMORY', value: (vm) => `${vm.memoryMb} MiB`, align: 'right' },
    { title: 'NETWORK', value: (vm) => describeNetwork(vm.network) },
    { title: 'SSH', value: (vm) => (vm.state === 'running' && vm.ssh !== null ? oneLine(vm.ssh) : '-') },
    { title: 'PID', value: (vm) => (vm.pid === null ? '-' : String(vm.pid)), align: 'right' },
    {
      title: 'AGE',
      value: (vm) => (vm.createdAt === null ? '-' : formatAge(now - Date.parse(vm.createdAt))),
      align: 'right',
    },
  ]);
}

/** `running`, `running (unfinished)`, coloured by what it means. */
export function colorState(vm: Pick<VmListing, 'state' | 'unfinished'>, style: Style): string {
  const text = vm.state === 'running' && vm.unfinished ? 'running (unfinished)' : vm.state;
  if (vm.state === 'running') return vm.unfinished ? style.warn(text) : style.good(text);
  if (vm.state === 'failed' || vm.state === 'unknown') return style.bad(text);
  return style.dim(text);
}

/** `user`, `tap br0`. */
export function describeNetwork(network: NetworkConfig): string {
  if (network.type === 'tap') return `tap ${oneLine(network.bridge)}`;
  if (network.type === 'vnic') return network.name === undefined ? 'vnic' : `vnic ${oneLine(network.name)}`;
  return network.type;
}
