import { join } from 'node:path';
import type { VmHandle } from '../../../src/hypervisor/contract.js';

/** A handle as the other implementation of vmctl writes it. */
export function exampleHandle(name: string, dataDir: string): VmHandle {
  const workDir = join(dataDir, 'vms', name);
  return {
    id: `qemu-3b0c0000-${name}`,
    name,
    backend: 'qemu',
    work_dir: workDir,
    overlay_path: join(workDir, 'overlay.qcow2'),
    seed_iso_path: join(workDir, 'seed.iso'),
    pid: 12345,
    qmp_socket: join(workDir, 'qmp.sock'),
    console_socket: join(workDir, 'console.sock'),
    vnc_addr: null,
    vcpus: 2,
    memory_mb: 2048,
    disk_gb: 20,
    network: { type: 'user' },
    ssh_host_port: 41022,
    mac_addr: '52:54:00:ab:cd:ef',
    uefi: false,
  };
}
