import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { escapeValue, qemuArguments, type QemuMachine } from '../../src/qemu-arguments.js';

const MACHINE: QemuMachine = {
  name: 'web',
  uuid: '3b0c7a52-6d7e-4b8f-9a51-0c1d2e3f4a5b',
  accelerator: 'kvm',
  vcpus: 2,
  memoryMb: 2048,
  disk: { path: '/vms/web/overlay.qcow2', cache: 'writeback' },
  seedPath: '/vms/web/seed.iso',
  network: { type: 'user', forwards: [{ address: '127.0.0.1', host: 41022, guest: 22 }] },
  macAddress: '52:54:00:ab:cd:ef',
  qmpSocketPath: '/vms/web/qmp.sock',
  consoleSocketPath: '/vms/web/console.sock',
  consoleLogPath: '/vms/web/console.log',
  pidFilePath: '/vms/web/pidfile',
  sandbox: 'strict',
};

/** All values of an option, in order. */
function values(args: readonly string[], option: string): string[] {
  return args.flatMap((arg, index) => (arg === option ? [args[index + 1] ?? ''] : []));
}

/** Reads an option list the way QEMU does: a comma ends a value, two stand for one. */
function parseList(list: string): string[] {
  return list
    .replaceAll(',,', '\u0000')
    .split(',')
    .map((part) => part.replaceAll('\u0000', ','));
}

describe('qemuArguments', () => {
  it('describes an ordinary VM', () => {
    expect(qemuArguments(MACHINE)).toMatchInlineSnapshot(`
      [
        "-name",
        "web,process=vmctl-web,debug-threads=on",
        "-uuid",
        "3b0c7a52-6d7e-4b8f-9a51-0c1d2e3f4a5b",
        "-nodefaults",
        "-no-user-config",
        "-msg",
        "timestamp=on",
        "-machine",
        "q35,graphics=off",
        "-accel",
        "kvm",
        "-cpu",
        "host",
        "-smp",
        "2",
        "-m",
        "2048M",
        "-boot",
        "strict=on",
        "-display",
        "none",
        "-vga",
        "none",
        "-blockdev",
        "driver=qcow2,node-name=disk,discard=unmap,detect-zeroes=unmap,cache.direct=off,cache.no-flush=off,file.cache.direct=off,file.cache.no-flush=off,file.driver=file,file.filename=/vms/web/overlay.qcow2",
        "-device",
        "virtio-blk-pci,id=disk0,drive=disk,addr=0x3,bootindex=0",
        "-blockdev",
        "driver=raw,node-name=seed,read-only=on,file.driver=file,file.filename=/vms/web/seed.iso",
        "-device",
        "virtio-blk-pci,id=seed0,drive=seed,addr=0x4",
        "-netdev",
        "user,id=net0,hostfwd=tcp:127.0.0.1:41022-:22",
        "-device",
        "virtio-net-pci,id=nic0,netdev=net0,mac=52:54:00:ab:cd:ef,addr=0x2,romfile=",
        "-object",
        "rng-builtin,id=random",
        "-device",
        "virtio-rng-pci,id=rng0,rng=random,addr=0x5",
        "-device",
        "virtio-balloon-pci,id=balloon0,addr=0x6,free-page-reporting=on",
        "-chardev",
        "socket,id=console,path=/vms/web/console.sock,server=on,wait=off,logfile=/vms/web/console.log,logappend=on",
        "-serial",
        "chardev:console",
        "-chardev",
        "socket,id=qmp,path=/vms/web/qmp.sock,server=on,wait=off",
        "-mon",
        "chardev=qmp,mode=control",
        "-pidfile",
        "/vms/web/pidfile",
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
      ]
    `);
  });

  it.each<[string, Partial<QemuMachine>, string, string[]]>([
    ['emulates every processor feature without KVM', { accelerator: 'tcg' }, '-cpu', ['max']],
    ['names the accelerator, without a fallback', { accelerator: 'tcg' }, '-accel', ['tcg']],
    ['gives the guest the host’s processor with KVM', {}, '-cpu', ['host']],
    ['takes memory in MiB', { memoryMb: 512 }, '-m', ['512M']],
    ['takes the number of processors', { vcpus: 8 }, '-smp', ['8']],
    [
      'uses the host’s bridge through the helper',
      { network: { type: 'tap', bridge: 'br0' } },
      '-netdev',
      ['bridge,id=net0,br=br0'],
    ],
    ['has no network card when there is no network', { network: { type: 'none' } }, '-netdev', []],
    [
      'lets the bridge helper run where it has to',
      { sandbox: 'with-helper' },
      '-sandbox',
      ['on,obsolete=deny,elevateprivileges=allow,spawn=allow,resourcecontrol=deny'],
    ],
    ['can do without the sandbox', { sandbox: 'off' }, '-sandbox', []],
    [
      'boots with UEFI from flash, with variables of its own',
      { firmware: { codePath: '/ovmf/CODE.fd', variablesPath: '/vms/web/efivars.fd' } },
      '-machine',
      ['q35,graphics=off,pflash0=firmware,pflash1=variables'],
    ],
  ])('%s', (_, changes, option, expected) => {
    expect(values(qemuArguments({ ...MACHINE, ...changes }), option)).toEqual(expected);
  });

  it('forwards every port that it is given, each with its address', () => {
    const forwards = [
      { address: '127.0.0.1', host: 41022, guest: 22 },
      { address: '0.0.0.0', host: 8080, guest: 80 },
    ];
    expect(values(qemuArguments({ ...MACHINE, network: { type: 'user', forwards } }), '-netdev')).toEqual([
      'user,id=net0,hostfwd=tcp:127.0.0.1:41022-:22,hostfwd=tcp:0.0.0.0:8080-:80',
    ]);
  });

  it('opens the code of the firmware read-only, and its variables for writing', () => {
    const firmware = { codePath: '/ovmf/CODE.fd', variablesPath: '/vms/web/efivars.fd' };
    const [code, variables] = values(qemuArguments({ ...MACHINE, firmware }), '-blockdev');
    expect(code).toContain('read-only=on');
    expect(code).toContain('file.filename=/ovmf/CODE.fd');
    expect(variables).not.toContain('read-only');
    expect(variables).toContain('file.filename=/vms/web/efivars.fd');
  });

  it.each([
    ['writeback', 'cache.direct=off', 'cache.no-flush=off'],
    ['none', 'cache.direct=on', 'cache.no-flush=off'],
    ['unsafe', 'cache.direct=off', 'cache.no-flush=on'],
  ] as const)('sets the disk’s cache to %s for the format and the file below it', (cache, direct, flush) => {
    const [disk] = values(qemuArguments({ ...MACHINE, disk: { path: '/d', cache } }), '-blockdev');
    expect(parseList(disk ?? '')).toEqual(
      expect.arrayContaining([direct, flush, `file.${direct}`, `file.${flush}`]),
    );
  });

  it('attaches no seed when there is none, and the network card stays in its slot', () => {
    const devices = (machine: QemuMachine) => values(qemuArguments(machine), '-device');
    const { seedPath: _, ...without } = MACHINE;
    const nic = (all: string[]) => all.find((device) => device.startsWith('virtio-net'));
    expect(devices(without).join(' ')).not.toContain('seed');
    expect(nic(devices(without))).toBe(nic(devices(MACHINE)));
  });

  it('leaves the MAC address to QEMU where none is known', () => {
    expect(qemuArguments({ ...MACHINE, macAddress: null }).join(' ')).not.toContain('mac=');
  });

  it('keeps any path whole, whatever is in it', () => {
    const path = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map((text) => `/v/${text.replaceAll('\0', '')}`);
    fc.assert(
      fc.property(path, path, path, (overlay, log, pid) => {
        const args = qemuArguments({
          ...MACHINE,
          disk: { path: overlay, cache: 'writeback' },
          consoleLogPath: log,
          pidFilePath: pid,
        });
        expect(parseList(values(args, '-blockdev')[0] ?? '')).toContain(`file.filename=${overlay}`);
        expect(parseList(values(args, '-chardev')[0] ?? '')).toContain(`logfile=${log}`);
        // This one is not a list.
        expect(values(args, '-pidfile')).toEqual([pid]);
      }),
    );
  });
});

describe('escapeValue', () => {
  it('doubles commas and leaves the rest alone', () => {
    expect(escapeValue('/a, b/c=d,,e')).toBe('/a,, b/c=d,,,,e');
  });
});
