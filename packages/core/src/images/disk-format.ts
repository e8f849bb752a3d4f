import type { FileHandle } from 'node:fs/promises';
import { compressionOf } from './compression.js';
import type { DiskFormat } from './contract.js';
import { ImageProblem } from './image-problem.js';
import { inspectQcow2 } from './qcow2-file.js';
import { hasQcowMagic } from './qcow2-header.js';

/** Enough for the farthest signature, that of btrfs. */
const HEAD_BYTES = 68 * 1024;
const SECTOR_BYTES = 512;
/** A text file shows itself long before this. */
const TEXT_PROBE_BYTES = 4096;

interface Signature {
  readonly name: string;
  readonly offset: number;
  readonly magic: string | readonly number[];
  /** The format's name in qemu-img, where that can read it. */
  readonly qemuName?: string;
}

/** What people try to boot that is neither qcow2 nor raw. */
const FOREIGN: readonly Signature[] = [
  { name: 'a VMDK image', qemuName: 'vmdk', offset: 0, magic: 'KDMV' },
  { name: 'a VMDK image', qemuName: 'vmdk', offset: 0, magic: 'COWD' },
  { name: 'a VMDK descriptor', qemuName: 'vmdk', offset: 0, magic: '# Disk DescriptorFile' },
  { name: 'a VHDX image', qemuName: 'vhdx', offset: 0, magic: 'vhdxfile' },
  { name: 'a VHD image', qemuName: 'vpc', offset: 0, magic: 'conectix' },
  { name: 'a VDI image', qemuName: 'vdi', offset: 64, magic: [0x7f, 0x10, 0xda, 0xbe] },
  { name: 'a QED image', qemuName: 'qed', offset: 0, magic: 'QED\0' },
  { name: 'a Parallels image', qemuName: 'parallels', offset: 0, magic: 'WithoutFreeSpace' },
  { name: 'a Parallels image', qemuName: 'parallels', offset: 0, magic: 'WithouFreSpacExt' },
  { name: 'a ZIP archive', offset: 0, magic: 'PK\x03\x04' },
  { name: 'a 7-Zip archive', offset: 0, magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c] },
  { name: 'a tar archive', offset: 257, magic: 'ustar' },
  { name: 'a bzip2-compressed file', offset: 0, magic: 'BZh' },
  { name: 'a program', offset: 0, magic: '\x7fELF' },
];

/** What makes a file without a header of its own look like a disk. */
const RAW: readonly Signature[] = [
  { name: 'boot sector', offset: 510, magic: [0x55, 0xaa] },
  { name: 'GPT', offset: 512, magic: 'EFI PART' },
  { name: 'GPT on 4 KiB sectors', offset: 4096, magic: 'EFI PART' },
  { name: 'ext2, ext3 or ext4', offset: 1080, magic: [0x53, 0xef] },
  { name: 'XFS', offset: 0, magic: 'XFSB' },
  { name: 'btrfs', offset: 65_600, magic: '_BHRfS_M' },
  { name: 'ISO 9660', offset: 32_769, magic: 'CD001' },
  { name: 'LUKS', offset: 0, magic: [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe] },
];

/** Ends a fixed-size VHD, which otherwise looks like a raw disk. */
const VHD_FOOTER = 'conectix';

/**
 * Tells the format of a disk from its content, without trusting it.
 *
 * @param size - of the file, in bytes
 * @throws ImageProblem when it is no disk, or one that cannot be used
 */
export async function detectDiskFormat(
  file: FileHandle,
  size: number,
): Promise<{ readonly format: DiskFormat; readonly virtualSize: number }> {
  if (size === 0) throw new ImageProblem('is empty');
  const head = await readHead(file, Math.min(size, HEAD_BYTES));

  if (hasQcowMagic(head)) {
    const { virtualSize } = await inspectQcow2(file, head, size);
    return { format: 'qcow2', virtualSize: toWholeSectors(virtualSize) };
  }
  const compression = compressionOf(head);
  if (compression !== undefined) {
    throw new ImageProblem(`is compressed with ${compression}`, {
      hint: 'Name it in a VMFile, which decompresses it, or decompress it yourself.',
    });
  }
  for (const { name, qemuName, ...signature } of FOREIGN) {
    if (hasSignature(head, signature)) throw foreign(name, qemuName);
  }
  const text = describeText(head.subarray(0, TEXT_PROBE_BYTES));
  if (text !== undefined) throw new ImageProblem(`is ${text}, not a disk image`);
  if (!RAW.some((signature) => hasSignature(head, signature))) {
    throw new ImageProblem(
      'is not a disk image: it is no qcow2, and has neither a boot sector nor a partition table nor a file system',
      { hint: 'vmctl uses qcow2 and raw disks. See what it is: file <image>' },
    );
  }
  if (await endsAsVhd(file, size)) throw foreign('a VHD image', 'vpc');
  return { format: 'raw', virtualSize: toWholeSectors(size) };
}

/** Says what kind of text `bytes` are (`an HTML page`, `a text file`), or undefined when they are no text. */
export function describeText(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    // `stream`: a character may be cut at the end.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
  // eslint-disable-next-line no-control-regex -- control characters are what tells binary from text
  if (text === '' || /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text)) return undefined;
  return /^\s*(?:<!--[\s\S]*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b/i.test(text)
    ? 'an HTML page'
    : 'a text file';
}

function foreign(name: string, qemuName: string | undefined): ImageProblem {
  return new ImageProblem(`is ${name}; vmctl uses qcow2 and raw disks`, {
    convertFrom: qemuName,
    ...(qemuName === undefined ? { hint: 'Unpack it, and use the disk that is in it.' } : {}),
  });
}

function hasSignature(head: Uint8Array, { offset, magic }: Pick<Signature, 'offset' | 'magic'>): boolean {
  const wanted = typeof magic === 'string' ? Buffer.from(magic, 'latin1') : Buffer.from(magic);
  return wanted.equals(head.subarray(offset, offset + wanted.length));
}

async function endsAsVhd(file: FileHandle, size: number): Promise<boolean> {
  if (size < SECTOR_BYTES) return false;
  const footer = Buffer.alloc(VHD_FOOTER.length);
  await file.read(footer, 0, footer.length, size - SECTOR_BYTES);
  return footer.toString('latin1') === VHD_FOOTER;
}

async function readHead(file: FileHandle, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** QEMU shows a guest whole sectors; what lies beyond the file's end reads as zero. */
function toWholeSectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}
