import { ImageProblem } from './image-problem.js';

/** A stretch of a file, in bytes. */
export interface FileExtent {
  readonly offset: number;
  readonly length: number;
}

/** What vmctl wants to know of a qcow2 header. Offsets and sizes in bytes. */
export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterSize: number;
  /** What the guest sees. */
  readonly virtualSize: number;
  /** Where the name of the backing file is; the name may be empty. */
  readonly backingFileName: FileExtent | undefined;
  readonly encrypted: boolean;
  readonly externalDataFile: boolean;
  /** The image is marked corrupt. */
  readonly corrupt: boolean;
  readonly l1Table: FileExtent;
  readonly refcountTable: FileExtent;
  /** Bits of one reference count: 1, 2, 4 … 64. */
  readonly refcountBits: number;
}

/** A header is never longer than this as far as {@link parseQcow2Header} reads it. */
export const QCOW2_HEADER_BYTES = 104;

const MAGIC = 0x514649fb; // "QFI\xfb"
const V2_HEADER_BYTES = 72;
const MAX_BACKING_FILE_NAME = 1023;
/** QEMU's own limits (`block/qcow2.h`). */
const MIN_CLUSTER_BITS = 9;
const MAX_CLUSTER_BITS = 21;
const MAX_L1_BYTES = 32 * 1024 * 1024;
const MAX_REFCOUNT_TABLE_BYTES = 8 * 1024 * 1024;
const MAX_REFCOUNT_ORDER = 6;

const INCOMPATIBLE_CORRUPT = 1n << 1n;
const INCOMPATIBLE_EXTERNAL_DATA_FILE = 1n << 2n;
const INCOMPATIBLE_EXTENDED_L2 = 1n << 4n;

/** Whether a file that starts with `bytes` says that it is a qcow (version 1, 2 or 3). */
export function hasQcowMagic(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && viewOf(bytes).getUint32(0) === MAGIC;
}

/**
 * Reads the header of a qcow2 file, version 2 or 3, and checks it against QEMU's own limits.
 * Follows docs/interop/qcow2.txt of QEMU.
 *
 * @param bytes - the start of the file, {@link QCOW2_HEADER_BYTES} or more where it has them
 * @throws ImageProblem
 */
export function parseQcow2Header(bytes: Uint8Array): Qcow2Header {
  if (!hasQcowMagic(bytes)) throw new ImageProblem('is not a qcow2 image');
  if (bytes.length < 8) throw truncated('its header is cut off');
  const view = viewOf(bytes);
  const version = view.getUint32(4);
  if (version === 1) {
    throw new ImageProblem('is a qcow image of version 1, which is too old', { convertFrom: 'qcow' });
  }
  if (version !== 2 && version !== 3) {
    throw new ImageProblem(`is a qcow2 image of version ${version}, which vmctl does not know`);
  }
  if (bytes.length < (version === 2 ? V2_HEADER_BYTES : QCOW2_HEADER_BYTES)) {
    throw truncated('its header is cut off');
  }

  const clusterBits = view.getUint32(20);
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
    throw damaged(`cluster size 2^${clusterBits}`);
  }
  const clusterSize = 2 ** clusterBits;
  const incompatible = version === 3 ? view.getBigUint64(72) : 0n;
  const refcountOrder = version === 3 ? view.getUint32(96) : 4;
  const headerLength = version === 3 ? view.getUint32(100) : V2_HEADER_BYTES;
  if (refcountOrder > MAX_REFCOUNT_ORDER) throw damaged(`reference counts of 2^${refcountOrder} bits`);
  if (version === 3 && (headerLength < QCOW2_HEADER_BYTES || headerLength > clusterSize)) {
    throw damaged(`header length ${headerLength}`);
  }

  const virtualSize = integerAt(view, 24, 'virtual size');
  if (virtualSize === 0) throw new ImageProblem('is a qcow2 image of size 0: there is nothing on it');

  const l1Table = {
    offset: integerAt(view, 40, 'offset of the L1 table'),
    length: view.getUint32(36) * 8,
  };
  const l2EntryBytes = (incompatible & INCOMPATIBLE_EXTENDED_L2) === 0n ? 8 : 16;
  const bytesPerL1Entry = clusterSize * (clusterSize / l2EntryBytes);
  if (l1Table.length > MAX_L1_BYTES || l1Table.length / 8 < Math.ceil(virtualSize / bytesPerL1Entry)) {
    throw damaged(`an L1 table of ${l1Table.length} bytes for a disk of ${virtualSize}`);
  }
  const refcountTable = {
    offset: integerAt(view, 48, 'offset of the refcount table'),
    length: view.getUint32(56) * clusterSize,
  };
  if (refcountTable.length === 0 || refcountTable.length > MAX_REFCOUNT_TABLE_BYTES) {
    throw damaged(`a refcount table of ${refcountTable.length} bytes`);
  }
  for (const [name, { offset }] of [
    ['L1 table', l1Table],
    ['refcount table', refcountTable],
  ] as const) {
    if (offset === 0 || offset % clusterSize !== 0) throw damaged(`a ${name} at offset ${offset}`);
  }

  return {
    version,
    clusterSize,
    virtualSize,
    backingFileName: backingFileName(view, clusterSize),
    encrypted: view.getUint32(32) !== 0,
    externalDataFile: (incompatible & INCOMPATIBLE_EXTERNAL_DATA_FILE) !== 0n,
    corrupt: (incompatible & INCOMPATIBLE_CORRUPT) !== 0n,
    l1Table,
    refcountTable,
    refcountBits: 2 ** refcountOrder,
  };
}

function backingFileName(view: DataView, clusterSize: number): FileExtent | undefined {
  if (view.getBigUint64(8) === 0n) return undefined;
  const offset = integerAt(view, 8, 'offset of the backing file name');
  const length = view.getUint32(16);
  if (length > MAX_BACKING_FILE_NAME || offset + length > clusterSize) {
    throw damaged(`a backing file name of ${length} bytes at offset ${offset}`);
  }
  return { offset, length };
}

function integerAt(view: DataView, position: number, what: string): number {
  const value = view.getBigUint64(position);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(`${what} ${value}`);
  return Number(value);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(what: string): ImageProblem {
  return new ImageProblem(`is a damaged qcow2 image: its header says ${what}`);
}

/** For a qcow2 that ends before what it must contain. */
export function truncated(what: string): ImageProblem {
  return new ImageProblem(`is a truncated qcow2 image: ${what}`, {
    hint: 'Copy or download it again; it did not come through whole.',
  });
}
