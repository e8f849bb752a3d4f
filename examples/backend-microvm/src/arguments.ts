import type { VmHandle } from '@vmctl/core/plugin';
import { filesOf } from './work-files.js';

/** SeaBIOS for this machine. Debian's QEMU would take qboot, which boots kernels that it is handed, and no disks. */
export const FIRMWARE = '/usr/share/seabios/bios-microvm.bin';

/** Paths by which QEMU can make sockets: a Unix socket's path has at most 107 bytes. */
export interface SocketPaths {
  readonly qmp: string;
  readonly console: string;
}

/** The arguments of qemu-system-x86_64 for a VM. */
export function qemuArguments(vm: VmHandle, sockets: SocketPaths, accelerator: 'kvm' | 'tcg'): string[] {
  const files = filesOf(vm);
  return [
    ...['-name', `process=vmctl-${vm.name}`, '-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-machine', 'microvm,acpi=on,rtc=on,graphics=off', '-bios', FIRMWARE],
    ...['-accel', accelerator, '-cpu', accelerator === 'kvm' ? 'host' : 'max'],
    ...['-smp', String(vm.vcpus), '-m', `${vm.memory_mb}M`],
    // Guests know virtio 1 only; QEMU's own default on this bus is what came before.
    ...['-global', 'virtio-mmio.force-legacy=off'],
    ...disk('disk', 'qcow2', files.overlay),
    ...(vm.seed_iso_path === null ? [] : disk('seed', 'raw', vm.seed_iso_path)),
    ...network(vm),
    ...['-device', 'virtio-rng-device'],
    ...['-chardev', `${socket('console', sockets.console)},logfile=${value(files.consoleLog)},logappend=on`],
    ...['-serial', 'chardev:console'],
    ...['-chardev', socket('qmp', sockets.qmp), '-mon', 'chardev=qmp,mode=control'],
    // QEMU locks this file: of two that are started for one VM, the second ends with an error.
    ...['-pidfile', files.pidFile],
    // Goes into the background once it runs: the command that starts it ends, and tells if it could not.
    '-daemonize',
  ];
}

function disk(name: string, format: 'qcow2' | 'raw', path: string): string[] {
  const readOnly = format === 'raw' ? ',read-only=on' : '';
  return [
    '-blockdev',
    `driver=${format},node-name=${name}${readOnly},file.driver=file,file.filename=${value(path)}`,
    '-device',
    `virtio-blk-device,drive=${name}${name === 'disk' ? ',bootindex=0' : ''}`,
  ];
}

function network({
  network: { type },
  ssh_host_port: ssh,
  mac_addr: mac,
  forwards = [],
}: VmHandle): string[] {
  if (type === 'none') return [];
  const all = [...(ssh === null ? [] : [{ address: '127.0.0.1', host: ssh, guest: 22 }]), ...forwards];
  const rules = all.map(({ address, host, guest }) => `,hostfwd=tcp:${address}:${host}-:${guest}`);
  return [
    ...['-netdev', `user,id=net${rules.join('')}`],
    ...['-device', `virtio-net-device,netdev=net${mac === null ? '' : `,mac=${mac}`}`],
  ];
}

function socket(id: string, path: string): string {
  return `socket,id=${id},path=${value(path)},server=on,wait=off`;
}

/** In QEMU's option lists a comma ends a value, and two stand for one. */
function value(text: string): string {
  return text.replaceAll(',', ',,');
}
