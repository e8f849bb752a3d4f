/** The ways an image may be packed that vmctl unpacks by itself. */
export type Compression = 'gzip' | 'xz' | 'zstd';

/** Bytes that {@link compressionOf} needs to see. */
export const COMPRESSION_MAGIC_BYTES = 6;

const XZ_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const GZIP_MAGIC = [0x1f, 0x8b];
const ZSTD_MAGIC = 0xfd2fb528;
/** pzstd and others begin with a skippable frame: 0x184d2a50 to 0x184d2a5f. */
const ZSTD_SKIPPABLE_MAGIC = 0x184d2a5;

/** What a file is compressed with, from its first bytes; the name is not to be trusted. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  if (startsWith(head, XZ_MAGIC)) return 'xz';
  if (startsWith(head, GZIP_MAGIC)) return 'gzip';
  if (head.length < 4) return undefined;
  const word = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
  return word === ZSTD_MAGIC || word >>> 4 === ZSTD_SKIPPABLE_MAGIC ? 'zstd' : undefined;
}

const SUFFIXES: readonly (readonly [RegExp, Compression])[] = [
  [/\.xz$/i, 'xz'],
  [/\.t?gz$/i, 'gzip'],
  [/\.zstd?$/i, 'zstd'],
];

/** What a file's name says that it is compressed with. */
export function compressionOfName(fileName: string): Compression | undefined {
  return SUFFIXES.find(([suffix]) => suffix.test(fileName))?.[1];
}

/** A file's name without the suffix of a compression: `noble.img` of `noble.img.xz`. */
export function withoutCompressionSuffix(fileName: string): string {
  const bare = fileName.replace(/\.(?:xz|gz|zstd?)$/i, '');
  return bare === '' ? fileName : bare;
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
