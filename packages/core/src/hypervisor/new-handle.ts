import type { VmHandle, VmSpec } from './contract.js';

const GIB = 2 ** 30;

/**
 * The handle of a VM that was just made of `spec` and never started, without process, disk and sockets: a backend adds
 * what it has.
 */
export function newHandle(spec: VmSpec): VmHandle {
  return {
    id: spec.id,
    name: spec.name,
    backend: spec.backend,
    work_dir: spec.workDir,
    overlay_path: null,
    seed_iso_path: spec.seedIsoPath ?? null,
    pid: null,
    pid_start_time: null,
    qmp_socket: null,
    console_socket: null,
    vnc_addr: null,
    vcpus: spec.vcpus,
    memory_mb: spec.memoryMb,
    // A whole number: other tools read it as one.
    disk_gb: spec.diskBytes === undefined ? null : Math.ceil(spec.diskBytes / GIB),
    network: spec.network,
    ssh_host_port: spec.network.type === 'user' ? (spec.sshHostPort ?? null) : null,
    mac_addr: spec.macAddress,
    uefi: spec.firmware === 'uefi',
    forwards: spec.forwards,
    image_path: spec.image.path,
    booted: false,
  };
}
