/**
 * From a root file system to a disk image, on plain files: no loop device, no mount, no root.
 *
 * The disk has an MBR with two partitions: FAT with the boot loaders for BIOS (syslinux) and UEFI (systemd-boot),
 * kernel and initrd; then ext4 with the system. The latter is last so that it can grow with the disk.
 */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../processes.mjs';
import { asRoot } from './root-privileges.mjs';
import { recipeDirectory } from './recipe.mjs';

const MiB = 1024 * 1024;
const bootStart = 1 * MiB;
const bootSize = 63 * MiB;
const rootStart = bootStart + bootSize;
const diskSize = 3072 * MiB;
const sectorSize = 512;

/** The first 440 bytes of a disk are code; what follows is the partition table. */
const mbrCodeSize = 440;
const mbrCode = '/usr/lib/syslinux/mbr/mbr.bin';

/**
 * Makes a raw disk.
 *
 * @param {object} options
 * @param {string} options.root the directory with the system's files
 * @param {string} options.boot the directory with vmlinuz, initrd.img and systemd-bootx64.efi
 * @param {string} options.disk the file to write
 */
export async function makeDisk({ root, boot, disk }) {
  await makeEmptyFile(disk, diskSize);
  await partition(disk);
  await makeBootPartition(boot, disk);
  await makeRootPartition(root, disk);
}

/** @param {string} disk @param {string} image */
export async function compressDisk(disk, image) {
  const convert = (/** @type {string[]} */ options) =>
    run('qemu-img', ['convert', '-c', '-f', 'raw', '-O', 'qcow2', ...options, disk, image], {
      stdio: ['ignore', 'ignore', 'ignore'],
    });
  // QEMU before 5.1, and builds without zstd, know zlib only; writing that takes about five times as long.
  await convert(['-o', 'compression_type=zstd']).catch(() => convert([]));
}

/** @param {string} path @param {number} size in bytes; a hole, which takes no space */
async function makeEmptyFile(path, size) {
  const file = await open(path, 'w');
  try {
    await file.truncate(size);
  } finally {
    await file.close();
  }
}

/** @param {string} disk */
async function partition(disk) {
  const sectors = (/** @type {number} */ bytes) => bytes / sectorSize;
  const input = [
    'label: dos',
    `start=${sectors(bootStart)}, size=${sectors(bootSize)}, type=ef, bootable`,
    `start=${sectors(rootStart)}, type=83`,
  ].join('\n');
  await run('sfdisk', ['--quiet', disk], { input });
  const file = await open(disk, 'r+');
  try {
    await file.write((await readFile(mbrCode)).subarray(0, mbrCodeSize), { position: 0 });
  } finally {
    await file.close();
  }
}

/** @param {string} boot @param {string} disk */
async function makeBootPartition(boot, disk) {
  const fat = `${disk}@@${bootStart}`;
  const [start, size] = [bootStart / sectorSize, bootSize / sectorSize];
  // The boot sector's code adds the partition's start to what it reads.
  await run('mformat', [
    '-i',
    fat,
    '-H',
    `${start}`,
    '-T',
    `${size}`,
    '-h',
    '255',
    '-s',
    '63',
    '-v',
    'BOOT',
    '::',
  ]);
  await run('mmd', ['-i', fat, '::/EFI', '::/EFI/BOOT']);
  await run('mcopy', ['-i', fat, join(boot, 'systemd-bootx64.efi'), '::/EFI/BOOT/BOOTX64.EFI']);
  await run('mcopy', ['-i', fat, join(boot, 'vmlinuz'), join(boot, 'initrd.img'), '::/']);
  const configuration = join(recipeDirectory, 'boot');
  await run('mcopy', [
    '-s',
    '-i',
    fat,
    join(configuration, 'syslinux.cfg'),
    join(configuration, 'loader'),
    '::/',
  ]);
  await run('syslinux', ['--offset', `${bootStart}`, '--install', disk]);
}

/** @param {string} root @param {string} disk */
async function makeRootPartition(root, disk) {
  const extended = [`offset=${rootStart}`, 'lazy_itable_init=0', 'lazy_journal_init=0', 'nodiscard'];
  const blocks = (diskSize - rootStart) / 4096;
  await run(
    ...asRoot('mke2fs', [
      ...['-q', '-F', '-t', 'ext4', '-b', '4096', '-L', 'root', '-m', '1'],
      ...['-E', extended.join(','), '-d', root, disk, `${blocks}`],
    ]),
  );
}
