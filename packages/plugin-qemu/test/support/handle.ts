import type { VmHandle } from '@vmctl/core/plugin';

/** A handle as vms.json has it. */
export function handle(changes: Partial<VmHandle> = {}): VmHandle {
  const { work_dir = '/vms/web' } = changes;
  return {
    id: 'qemu-3b0c7a52-6d7e-4b8f-9a51-0c1d2e3f4a5b',
    name: 'web',
    backend: 'qemu',
    work_dir,
    overlay_path: `${work_dir}/overlay.qcow2`,
    seed_iso_path: `${work_dir}/seed.iso`,
    pid: null,
    qmp_socket: `${work_dir}/qmp.sock`,
    console_socket: `${work_dir}/console.sock`,
    vnc_addr: null,
    vcpus: 2,
    memory_mb: 2048,
    disk_gb: 20,
    network: { type: 'user' },
    ssh_host_port: 41022,
    mac_addr: '52:54:00:ab:cd:ef',
    uefi: false,
    ...changes,
  };
}
