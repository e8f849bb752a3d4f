import { ImageProblem, printable } from './image-problem.js';
import { TarBytes } from './tar-bytes.js';

const BLOCK_BYTES = 512;
/** A name or a set of PAX records that is longer is an attack. */
const MOST_META_BYTES = 1024 * 1024;

/** The disk of a container disk. */
export interface TarDisk {
  /** Without its directory. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Its content; then the rest of the archive is read, so that whoever hashes that sees all of it. */
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
}

interface Header {
  readonly path: string;
  readonly size: number;
  readonly type: string;
}

/**
 * Finds the disk in a layer of a container image: the one regular file in `/disk`, as KubeVirt defines it. Undefined
 * when there is none; then all of the archive has been read. Reads ustar with the extensions of GNU and PAX.
 *
 * @throws ImageProblem, here and while the body is read, for what is no tar archive and for a second disk
 */
export async function findTarDisk(source: AsyncIterable<Uint8Array>): Promise<TarDisk | undefined> {
  const bytes = new TarBytes(source);
  try {
    const header = await nextDisk(bytes);
    if (header !== undefined)
      return { name: nameOf(header), size: header.size, body: content(bytes, header) };
  } catch (error) {
    await bytes.close();
    throw error;
  }
  await bytes.close();
  return undefined;
}

async function* content(bytes: TarBytes, header: Header): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let left = header.size; left > 0;) {
      const chunk = await bytes.some(left);
      left -= chunk.length;
      yield chunk;
    }
    await bytes.skip(padding(header.size));
    const another = await nextDisk(bytes);
    if (another === undefined) return;
    throw new ImageProblem(
      `has several files in /disk, and which one is the disk cannot be told: ${printable(nameOf(header))}, ${printable(nameOf(another))}`,
    );
  } finally {
    await bytes.close();
  }
}

/** Reads up to the content of the next disk; undefined at the end, with all bytes read. */
async function nextDisk(bytes: TarBytes): Promise<Header | undefined> {
  for (;;) {
    const header = await nextHeader(bytes);
    if (header === undefined) {
      await bytes.drain();
      return undefined;
    }
    if (isDisk(header)) return header;
    await bytes.skip(header.size + padding(header.size));
  }
}

/** The next header with what the ones before it say of it; undefined at the end of the archive. */
async function nextHeader(bytes: TarBytes): Promise<Header | undefined> {
  let path: string | undefined;
  let size: number | undefined;
  for (;;) {
    const block = await bytes.exactly(BLOCK_BYTES);
    if (block === undefined || block.every((byte) => byte === 0)) return undefined;
    const header = parseHeader(block);
    if (!['x', 'L', 'g', 'K'].includes(header.type)) {
      return { path: path ?? header.path, size: size ?? header.size, type: header.type };
    }
    if (header.size > MOST_META_BYTES) throw damaged('a name of more than 1 MiB');
    const meta = Buffer.from((await bytes.exactly(header.size)) ?? []);
    await bytes.skip(padding(header.size));
    if (header.type === 'L') path = meta.toString('utf8').replace(/\0.*$/s, '');
    if (header.type !== 'x') continue;
    const records = paxRecords(meta);
    path = records.get('path') ?? path;
    const told = records.get('size');
    if (told !== undefined) size = wholeNumber(Number(told));
    if ([...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) throw sparse();
  }
}

function parseHeader(block: Buffer): Header {
  const sum = parseInt(text(block, 148, 8), 8);
  // The checksum counts its own field as blanks.
  const actual = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  if (sum !== actual) throw damaged('a header with a wrong checksum');
  const isUstar = text(block, 257, 5) === 'ustar';
  const prefix = isUstar && text(block, 257, 8) !== 'ustar  ' ? text(block, 345, 155) : '';
  const type = String.fromCharCode(block[156] ?? 0);
  if (type === 'S') throw sparse();
  return {
    path: prefix === '' ? text(block, 0, 100) : `${prefix}/${text(block, 0, 100)}`,
    size: ['1', '2', '3', '4', '5', '6'].includes(type) ? 0 : sizeOf(block.subarray(124, 136)),
    type,
  };
}

/** Octal digits, or for more than 8 GiB a binary number with its first bit set. */
function sizeOf(field: Buffer): number {
  const first = field[0] ?? 0;
  if ((first & 0x80) === 0) return wholeNumber(parseInt(text(field, 0, 12) || '0', 8));
  const value = field.subarray(1).reduce((number, byte) => number * 256 + byte, first & 0x7f);
  return wholeNumber(value);
}

function paxRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    if (space < 0 || !Number.isSafeInteger(length) || length <= space - at)
      throw damaged('damaged PAX records');
    const record = bytes.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

function isDisk({ path, type }: Header): boolean {
  const [directory, name, ...rest] = path.split('/').filter((part) => part !== '' && part !== '.');
  if (!['0', '\0', '7'].includes(type) || directory !== 'disk' || name === undefined) return false;
  // Whiteouts say what of the layers below is gone.
  return rest.length === 0 && !name.startsWith('.wh.');
}

function nameOf({ path }: Header): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Bytes up to the end of the block. */
function padding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

function text(bytes: Buffer, offset: number, length: number): string {
  return bytes.toString('utf8', offset, offset + length).replace(/\0.*$/s, '');
}

function wholeNumber(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw damaged('a file of an impossible size');
}

function damaged(what: string): ImageProblem {
  return new ImageProblem(`has a layer that is no usable tar archive: there is ${what}`);
}

function sparse(): ImageProblem {
  return new ImageProblem('has a layer with a sparse file, which container images do not have');
}
