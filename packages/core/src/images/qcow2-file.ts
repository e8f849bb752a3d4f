import type { FileHandle } from 'node:fs/promises';
import { ImageProblem, printable } from './image-problem.js';
import { parseQcow2Header, type Qcow2Header, truncated } from './qcow2-header.js';

/** Bits of a refcount table entry that are not part of the offset. */
const REFCOUNT_ENTRY_RESERVED = 511n;
/** A hostile table may name the same empty block a million times; a real one rarely has even one. */
const MAX_EMPTY_BLOCKS = 64;

/**
 * Checks that a qcow2 file is whole and stands for itself.
 *
 * @param head - the start of the file
 * @param size - of the file, in bytes
 * @returns the header
 * @throws ImageProblem on a backing file, external data file, encryption, damage, or an end that comes too early
 */
export async function inspectQcow2(file: FileHandle, head: Uint8Array, size: number): Promise<Qcow2Header> {
  const header = parseQcow2Header(head);
  if (header.backingFileName !== undefined) {
    const { offset, length } = header.backingFileName;
    const name = new TextDecoder().decode(await readExactly(file, offset, length));
    throw new ImageProblem(
      `is a qcow2 image that stands on another file, ${printable(name)}; such an image could read any file of this host`,
      {
        code: 'VMCTL_IMAGE_BACKING_FILE',
        hint: 'If it is yours, make it independent: qemu-img convert -f qcow2 -O qcow2 <image> <new image>',
      },
    );
  }
  if (header.externalDataFile) {
    throw new ImageProblem(
      'is a qcow2 image that keeps its data in another file; such an image could read any file of this host',
      {
        code: 'VMCTL_IMAGE_BACKING_FILE',
        hint: 'If it is yours, make it independent: qemu-img convert -f qcow2 -O qcow2 <image> <new image>',
      },
    );
  }
  if (header.encrypted) throw new ImageProblem('is an encrypted qcow2 image, which vmctl cannot use');
  if (header.corrupt) {
    throw new ImageProblem('is a qcow2 image that is marked as corrupt', {
      hint: 'See what is wrong with it, on a copy: qemu-img check -r all <copy>',
    });
  }
  await checkLength(file, header, size);
  return header;
}

/**
 * Refuses a file that ends before its tables or before the last cluster that its reference counts know.
 *
 * QEMU reads zeros beyond the end of a file, so it opens a half-copied image and the guest finds the damage. The last
 * cluster may be incomplete (compressed data is not padded); one that is not there at all means a cut.
 */
async function checkLength(file: FileHandle, header: Qcow2Header, size: number): Promise<void> {
  const { clusterSize, l1Table, refcountTable } = header;
  const paddedSize = Math.ceil(size / clusterSize) * clusterSize;
  const missing = (what: string, end: number) =>
    truncated(`its ${what} ends at byte ${end}, and the file at byte ${size}`);
  if (l1Table.offset + l1Table.length > paddedSize) {
    throw missing('L1 table', l1Table.offset + l1Table.length);
  }
  if (refcountTable.offset + refcountTable.length > paddedSize) {
    throw missing('refcount table', refcountTable.offset + refcountTable.length);
  }

  const table = viewOf(await readExactly(file, refcountTable.offset, refcountTable.length));
  let emptyBlocks = 0;
  for (let entry = refcountTable.length / 8 - 1; entry >= 0 && emptyBlocks < MAX_EMPTY_BLOCKS; entry--) {
    const block = table.getBigUint64(entry * 8) & ~REFCOUNT_ENTRY_RESERVED;
    if (block === 0n) continue;
    if (block >= BigInt(size)) throw truncated(`it needs byte ${block}, and the file ends at byte ${size}`);
    const last = lastCounted(await readExactly(file, Number(block), clusterSize), header.refcountBits);
    // A block without any count is legal; then an earlier one has the last cluster.
    if (last === undefined) {
      emptyBlocks += 1;
      continue;
    }
    const clustersPerBlock = (clusterSize * 8) / header.refcountBits;
    const start = (entry * clustersPerBlock + last) * clusterSize;
    if (start >= size) throw truncated(`it needs byte ${start}, and the file ends at byte ${size}`);
    return;
  }
}

/** Index of the last cluster of a refcount block that is counted; with counts below a byte, the first of its byte. */
function lastCounted(block: Uint8Array, refcountBits: number): number | undefined {
  const index = block.findLastIndex((byte) => byte !== 0);
  return index === -1 ? undefined : Math.floor((index * 8) / refcountBits);
}

/** Bytes of a file; what lies beyond its end is zero. */
async function readExactly(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
