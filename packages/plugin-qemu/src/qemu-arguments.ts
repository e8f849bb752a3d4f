/** A TCP port of the host that QEMU's user network passes on to the guest. */
export interface HostForward {
  /** IPv4 address to listen on. */
  readonly address: string;
  readonly host: number;
  readonly guest: number;
}

/** How the guest's network card is connected. */
export type QemuNetwork =
  | { readonly type: 'user'; readonly forwards: readonly HostForward[] }
  | { readonly type: 'tap'; readonly bridge: string }
  | { readonly type: 'none' };

/**
 * What happens between the guest's disk and the host's.
 *
 * - `writeback`: through the host's page cache; a flush of the guest reaches the disk. Survives a crash of the host.
 * - `none`: past the page cache (O_DIRECT), for file systems that can.
 * - `unsafe`: flushes of the guest stay in the page cache. Fast for guests that call fsync a lot, as package managers
 *   do; a power cut can ruin the overlay, the end of QEMU cannot.
 */
export type DiskCache = 'writeback' | 'none' | 'unsafe';

/**
 * System calls that QEMU gives up because it needs them only when somebody has broken in.
 *
 * - `strict`: new programs and new privileges are among them
 * - `with-helper`: QEMU may start the bridge helper. Any sandbox keeps a setuid program from getting its rights
 *   (seccomp sets no_new_privs), so this is of use to root only.
 */
export type Sandbox = 'strict' | 'with-helper' | 'off';

/** Everything that the command line depends on. Paths are absolute; socket paths have at most 107 bytes. */
export interface QemuMachine {
  readonly name: string;
  readonly uuid: string;
  readonly accelerator: 'kvm' | 'tcg';
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly disk: { readonly path: string; readonly cache: DiskCache };
  readonly seedPath?: string | undefined;
  /** UEFI; without it the machine has a BIOS. */
  readonly firmware?: { readonly codePath: string; readonly variablesPath: string } | undefined;
  readonly network: QemuNetwork;
  /** Needed for every network but `none`; without it QEMU takes the same address for every guest. */
  readonly macAddress: string | null;
  readonly qmpSocketPath: string;
  readonly consoleSocketPath: string;
  readonly consoleLogPath: string;
  readonly pidFilePath: string;
  readonly sandbox: Sandbox;
}

/**
 * PCI slots. The guest names its disks and network cards by them, so they stay where they are when a later version
 * adds a device.
 */
const SLOT = { network: '0x2', disk: '0x3', seed: '0x4', random: '0x5', balloon: '0x6' } as const;

/** The arguments of qemu-system-x86_64 for one VM (QEMU: docs/system/invocation). Pure. */
export function qemuArguments(machine: QemuMachine): string[] {
  return [
    ...identity(machine),
    ...board(machine),
    ...firmware(machine),
    ...disks(machine),
    ...network(machine),
    ...conveniences(),
    ...control(machine),
    ...sandbox(machine),
  ];
}

/** Makes a value safe within an option list: there a comma ends a value, and two stand for one. */
export function escapeValue(value: string): string {
  return value.replaceAll(',', ',,');
}

function identity({ name, uuid }: QemuMachine): string[] {
  return [
    '-name',
    options(name, { process: `vmctl-${name}`, 'debug-threads': 'on' }),
    '-uuid',
    uuid,
    // Nothing but what is listed here: no floppy, no VGA, no settings of the user's other guests.
    '-nodefaults',
    '-no-user-config',
    '-msg',
    'timestamp=on',
  ];
}

function board({ accelerator, vcpus, memoryMb, firmware: uefi }: QemuMachine): string[] {
  return [
    '-machine',
    // Without graphics SeaBIOS talks to the serial port, so that "No bootable device" is in console.log.
    options('q35', {
      graphics: 'off',
      ...(uefi === undefined ? {} : { pflash0: 'firmware', pflash1: 'variables' }),
    }),
    '-accel',
    accelerator,
    '-cpu',
    accelerator === 'kvm' ? 'host' : 'max',
    '-smp',
    String(vcpus),
    '-m',
    `${memoryMb}M`,
    '-boot',
    // A guest whose disk cannot be booted says so, rather than trying the network for minutes.
    'strict=on',
    '-display',
    'none',
    '-vga',
    'none',
  ];
}

function firmware({ firmware: uefi }: QemuMachine): string[] {
  if (uefi === undefined) return [];
  return [
    '-blockdev',
    blockNode('raw', 'firmware', uefi.codePath, { 'read-only': 'on' }),
    '-blockdev',
    blockNode('raw', 'variables', uefi.variablesPath),
  ];
}

function disks({ disk, seedPath }: QemuMachine): string[] {
  const args = [
    '-blockdev',
    blockNode('qcow2', 'disk', disk.path, {
      // What the guest trims or writes as zeroes takes no room in the overlay.
      discard: 'unmap',
      'detect-zeroes': 'unmap',
      ...cache(disk.cache, ''),
      ...cache(disk.cache, 'file.'),
    }),
    '-device',
    options('virtio-blk-pci', { id: 'disk0', drive: 'disk', addr: SLOT.disk, bootindex: '0' }),
  ];
  if (seedPath === undefined) return args;
  return [
    ...args,
    '-blockdev',
    blockNode('raw', 'seed', seedPath, { 'read-only': 'on' }),
    '-device',
    // A disk, not a CD drive: cloud kernels have virtio and often neither AHCI nor SCSI CD-ROMs, and cloud-init
    // looks for the label "cidata" on every block device.
    options('virtio-blk-pci', { id: 'seed0', drive: 'seed', addr: SLOT.seed }),
  ];
}

function network({ network: net, macAddress }: QemuMachine): string[] {
  if (net.type === 'none') return [];
  const backend =
    net.type === 'tap'
      ? options('bridge', { id: 'net0', br: net.bridge })
      : [options('user', { id: 'net0' }), ...net.forwards.map((rule) => `hostfwd=${forwardRule(rule)}`)].join(
          ',',
        );
  return [
    '-netdev',
    backend,
    '-device',
    options('virtio-net-pci', {
      id: 'nic0',
      netdev: 'net0',
      ...(macAddress === null ? {} : { mac: macAddress }),
      addr: SLOT.network,
      // Nothing boots from the network, and the boot ROM is a package of its own in some distributions.
      romfile: '',
    }),
  ];
}

/** `tcp:127.0.0.1:8080-:80`, also as QEMU repeats it in its error messages. */
export function forwardRule({ address, host, guest }: HostForward): string {
  return `tcp:${address}:${host}-:${guest}`;
}

function conveniences(): string[] {
  return [
    // Guests that start without entropy wait for it, sshd and cloud-init first of all.
    '-object',
    'rng-builtin,id=random',
    '-device',
    options('virtio-rng-pci', { id: 'rng0', rng: 'random', addr: SLOT.random }),
    // Memory that the guest has freed goes back to the host.
    '-device',
    options('virtio-balloon-pci', { id: 'balloon0', addr: SLOT.balloon, 'free-page-reporting': 'on' }),
  ];
}

function control(machine: QemuMachine): string[] {
  return [
    '-chardev',
    options('socket', { id: 'console', path: machine.consoleSocketPath, server: 'on', wait: 'off' }) +
      `,logfile=${escapeValue(machine.consoleLogPath)},logappend=on`,
    '-serial',
    'chardev:console',
    '-chardev',
    options('socket', { id: 'qmp', path: machine.qmpSocketPath, server: 'on', wait: 'off' }),
    '-mon',
    'chardev=qmp,mode=control',
    '-pidfile',
    machine.pidFilePath,
  ];
}

function sandbox({ sandbox: kind }: QemuMachine): string[] {
  if (kind === 'off') return [];
  const helper = kind === 'with-helper' ? 'allow' : 'deny';
  return [
    '-sandbox',
    options('on', { obsolete: 'deny', elevateprivileges: helper, spawn: helper, resourcecontrol: 'deny' }),
  ];
}

function cache(mode: DiskCache, prefix: string): Readonly<Record<string, string>> {
  return {
    [`${prefix}cache.direct`]: mode === 'none' ? 'on' : 'off',
    [`${prefix}cache.no-flush`]: mode === 'unsafe' ? 'on' : 'off',
  };
}

function blockNode(
  driver: 'qcow2' | 'raw',
  node: string,
  path: string,
  more: Readonly<Record<string, string>> = {},
): string {
  return options(undefined, {
    driver,
    'node-name': node,
    ...more,
    'file.driver': 'file',
    'file.filename': path,
  });
}

/** An option list: `first,key=value,…`, values escaped. */
function options(first: string | undefined, values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${escapeValue(value)}`);
  return [...(first === undefined ? [] : [escapeValue(first)]), ...pairs].join(',');
}
