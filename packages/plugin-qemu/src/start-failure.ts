/** What QEMU could not do, as far as its words tell. */
export type StartFailure =
  | { readonly kind: 'port'; readonly address: string; readonly port: number; readonly guestPort: number }
  | { readonly kind: 'other'; readonly hint: string | undefined };

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /failed to parse default acl file|access denied by acl file/,
    'The bridge helper may only use bridges that are listed: sudo mkdir -p /etc/qemu && echo "allow BRIDGE" | sudo tee -a /etc/qemu/bridge.conf',
  ],
  [
    /failed to get mtu of bridge|failed to add interface .* to bridge/,
    'There is no such bridge: sudo ip link add BRIDGE type bridge && sudo ip link set BRIDGE up',
  ],
  [
    /failed to create tun device|failed to launch bridge helper|bridge helper failed/,
    'The bridge helper needs root rights: sudo chmod u+s /usr/lib/qemu/qemu-bridge-helper; `vmctl doctor` has the details.',
  ],
  [
    /Failed to get (?:shared )?"(?:consistent read|write|resize)" lock/,
    'Another process uses the disk of this VM, perhaps a QEMU or qemu-img started by hand. End it and try again.',
  ],
  [
    /annot lock pid file|cannot create PID file/i,
    'Another QEMU runs in the same work directory; see `vmctl status`.',
  ],
  [
    /ioctl\(KVM_CREATE_VM\) failed/,
    'Another hypervisor (VirtualBox, VMware) has the processor. End its guests, or run with VMCTL_QEMU_ACCEL=tcg.',
  ],
  [
    /Could not access KVM kernel module|failed to initialize kvm/i,
    'KVM does not work here. Run with VMCTL_QEMU_ACCEL=tcg, and see `vmctl doctor`.',
  ],
  [
    /failed to set MSR|kvm_buf_set_msrs/,
    'KVM does not work here. Run with VMCTL_QEMU_ACCEL=tcg, and see `vmctl doctor`.',
  ],
  [/Cannot allocate memory|cannot set up guest memory/, 'Give the VM less memory, or free some on the host.'],
  [/Invalid SMP CPUs|Number of (?:hotpluggable )?cpus/i, 'Give the VM fewer processors: lower `vcpus`.'],
  [
    /seccomp support is (?:disabled|not)|There is no option group 'sandbox'|sandbox.*not (?:compiled|supported)/i,
    'This QEMU has no seccomp. Run with VMCTL_QEMU_SANDBOX=off.',
  ],
  [/Bad system call/, 'The sandbox of QEMU stopped it. Run with VMCTL_QEMU_SANDBOX=off, and report it.'],
  [/No space left on device/, 'Make room on the disk that holds the data directory of vmctl.'],
  [
    /Could not open '.*': No such file or directory|Could not open backing file/,
    'A file that the disk of this VM is built on is gone. Put it back, or `vmctl destroy` the VM and make it anew.',
  ],
  [
    /(?:Image is not in qcow2 format|Image is corrupt|qcow2: )/,
    'The disk of this VM is damaged: `qemu-img check` its overlay.qcow2, or `vmctl destroy` the VM and make it anew.',
  ],
  [
    /'(?:virtio-[a-z-]+|isa-[a-z]+)' is not a valid device model|Parameter 'type' expects a netdev backend type/,
    'This QEMU is built without a device that vmctl needs, or is a version before 5.2; `vmctl doctor` names it.',
  ],
  [/could not load PC BIOS/, 'The firmware of QEMU is missing; install the package seabios.'],
  [
    /O_DIRECT|does not support direct IO/i,
    'The file system of the data directory cannot do direct I/O. Run without VMCTL_QEMU_CACHE=none.',
  ],
];

/**
 * Reads what QEMU said before it gave up. Pure.
 *
 * @param bridge - of the VM, for the hints
 */
export function explainStartFailure(stderr: string, bridge = 'br0'): StartFailure {
  const rule = /Could not set up host forwarding rule '(?:tcp|udp):([\d.]*):(\d+)-[^:']*:(\d+)'/.exec(stderr);
  if (rule !== null) {
    const [, address = '', port, guestPort] = rule;
    return {
      kind: 'port',
      address: address === '' ? '0.0.0.0' : address,
      port: Number(port),
      guestPort: Number(guestPort),
    };
  }
  const hint = HINTS.find(([pattern]) => pattern.test(stderr))?.[1];
  return { kind: 'other', hint: hint?.replaceAll('BRIDGE', bridge) };
}
