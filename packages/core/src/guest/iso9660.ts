/**
 * Writes small ISO 9660 images: one directory of files, with names as they are by Rock Ridge (Linux, BSD) and by
 * Joliet (Windows). The same files give the same bytes.
 *
 * After ECMA-119 (the section numbers below are of its 4th edition), SUSP 1.12, RRIP 1.10 and the Joliet
 * specification of 1995.
 */

const SECTOR = 2048;
/** ECMA-119 6.2.1: the first 16 sectors are not ours. */
const SYSTEM_AREA_SECTORS = 16;
/** Every time in the image: 1980-01-01 00:00:00 UTC, so that the image depends on the files alone. */
const RECORDED = [80, 1, 1, 0, 0, 0, 0];

export interface IsoFile {
  /** 1 to 64 of `a-z A-Z 0-9 . _ -`, unique in any case. */
  readonly name: string;
  readonly content: Uint8Array;
}

/** One of the two trees of the image: the same files under two kinds of names. */
interface Tree {
  readonly isJoliet: boolean;
  readonly records: readonly { readonly identifier: Buffer; readonly file: IsoFile }[];
}

/** Where everything is, in sectors. */
interface Layout {
  readonly pathTable: number;
  readonly root: number;
  readonly rootSectors: number;
}

/**
 * Makes an image.
 *
 * @param volumeId - 1 to 16 characters of ASCII
 */
export function createIso9660(volumeId: string, files: readonly IsoFile[]): Uint8Array {
  if (!/^[\x21-\x7e]{1,16}$/.test(volumeId)) throw new RangeError(`"${volumeId}" cannot name a volume`);
  for (const { name } of files) {
    if (!/^[a-zA-Z0-9._-]{1,64}$/.test(name))
      throw new RangeError(`"${name}" cannot name a file of an image`);
  }
  if (new Set(files.map(({ name }) => name.toLowerCase())).size < files.length) {
    throw new RangeError('Two files of an image have the same name');
  }

  const trees: readonly Tree[] = [primaryTree(files), jolietTree(files)];
  // Two volume descriptors and their terminator come first.
  let next = SYSTEM_AREA_SECTORS + trees.length + 1;
  const take = (sectors: number): number => (next += sectors) - sectors;

  const layouts = trees.map((tree): Layout => {
    const rootSectors = sectorsOf(packRecords(tree, 0, 0, 0, new Map()).length);
    return { pathTable: take(2), root: take(rootSectors), rootSectors };
  });
  const continuation = take(1);
  const extents = new Map(files.map((file) => [file, take(sectorsOf(file.content.length))]));

  const image = Buffer.alloc(next * SECTOR);
  trees.forEach((tree, index) => {
    const layout = layouts[index];
    if (layout === undefined) return;
    const { pathTable, root, rootSectors } = layout;
    const size = rootSectors * SECTOR;
    const descriptor = volumeDescriptor({ tree, layout, volumeId, sectors: next });
    image.set(descriptor, (SYSTEM_AREA_SECTORS + index) * SECTOR);
    image.set(pathTableOf(root, 'LE'), pathTable * SECTOR);
    image.set(pathTableOf(root, 'BE'), (pathTable + 1) * SECTOR);
    image.set(packRecords(tree, root, size, continuation, extents), root * SECTOR);
  });
  image.set(terminator(), (SYSTEM_AREA_SECTORS + trees.length) * SECTOR);
  image.set(extensionsReference(), continuation * SECTOR);
  for (const [file, sector] of extents) image.set(file.content, sector * SECTOR);
  return image;
}

function sectorsOf(bytes: number): number {
  return Math.ceil(bytes / SECTOR);
}

/** Upper-case names of at most 30 characters with a version (7.5.1, level 2), which Rock Ridge then replaces. */
function primaryTree(files: readonly IsoFile[]): Tree {
  const taken = new Set<string>();
  const records = files.map((file) => {
    const plain = file.name.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
    let name = plain.slice(0, 29);
    for (let n = 1; taken.has(name); n++) name = `${plain.slice(0, 29 - `_${n}`.length)}_${n}`;
    taken.add(name);
    return { identifier: Buffer.from(`${name}.;1`, 'latin1'), file };
  });
  return { isJoliet: false, records: sorted(records) };
}

/** Names in UCS-2, big-endian, as they are. */
function jolietTree(files: readonly IsoFile[]): Tree {
  return {
    isJoliet: true,
    records: sorted(files.map((file) => ({ identifier: ucs2(file.name), file }))),
  };
}

/** 9.3: directory records are in the order of their identifiers. */
function sorted<T extends { readonly identifier: Buffer }>(records: readonly T[]): readonly T[] {
  return records.toSorted((a, b) => Buffer.compare(a.identifier, b.identifier));
}

/** The root directory: itself, its parent (itself again), and the files. A record never crosses a sector (6.8.1.1). */
function packRecords(
  { isJoliet, records }: Tree,
  root: number,
  size: number,
  continuation: number,
  extents: ReadonlyMap<IsoFile, number>,
): Buffer {
  const directory = { extent: root, size, isDirectory: true };
  const self = { ...directory, identifier: Buffer.from([0]) };
  const parent = { ...directory, identifier: Buffer.from([1]) };
  const all = [
    directoryRecord(self, isJoliet ? [] : [suspIndicator(), posixAttributes(true), seeAlso(continuation)]),
    directoryRecord(parent, isJoliet ? [] : [posixAttributes(true)]),
    ...records.map(({ identifier, file }) =>
      directoryRecord(
        { extent: extents.get(file) ?? 0, size: file.content.length, isDirectory: false, identifier },
        isJoliet ? [] : [posixAttributes(false), alternateName(file.name)],
      ),
    ),
  ];
  const packed: Buffer[] = [];
  let length = 0;
  for (const record of all) {
    const room = SECTOR - (length % SECTOR);
    if (record.length > room) {
      packed.push(Buffer.alloc(room));
      length += room;
    }
    packed.push(record);
    length += record.length;
  }
  return Buffer.concat(packed);
}

/** 9.1 */
function directoryRecord(
  entry: {
    readonly extent: number;
    readonly size: number;
    readonly isDirectory: boolean;
    readonly identifier: Buffer;
  },
  systemUse: readonly Buffer[],
): Buffer {
  const { extent, size, isDirectory, identifier } = entry;
  const named = 33 + identifier.length;
  const start = named + (named % 2);
  const length = start + systemUse.reduce((sum, field) => sum + field.length, 0);
  const record = Buffer.alloc(length + (length % 2));
  record[0] = record.length;
  both32(record, 2, extent);
  both32(record, 10, size);
  record.set(RECORDED, 18);
  record[25] = isDirectory ? 2 : 0;
  both16(record, 28, 1);
  record[32] = identifier.length;
  record.set(identifier, 33);
  record.set(Buffer.concat(systemUse), start);
  return record;
}

/** 8.4 and 8.5; the supplementary descriptor of Joliet differs in its escape sequence and in its characters. */
function volumeDescriptor(volume: {
  readonly tree: Tree;
  readonly layout: Layout;
  readonly volumeId: string;
  readonly sectors: number;
}): Buffer {
  const { tree, layout, volumeId, sectors } = volume;
  const { isJoliet } = tree;
  const block = Buffer.alloc(SECTOR);
  const text = (value: string, offset: number, length: number): void => {
    const blank = isJoliet ? ucs2(' ') : Buffer.from(' ');
    block.fill(blank, offset, offset + length - (length % blank.length));
    block.set(isJoliet ? ucs2(value) : Buffer.from(value, 'latin1'), offset);
  };
  block[0] = isJoliet ? 2 : 1;
  block.write('CD001\x01', 1, 'latin1');
  text('', 8, 32); // system
  text(volumeId, 40, 32);
  both32(block, 80, sectors);
  if (isJoliet) block.write('%/E', 88, 'latin1'); // UCS-2 level 3
  both16(block, 120, 1); // one volume
  both16(block, 124, 1); // the first
  both16(block, 128, SECTOR);
  both32(block, 132, pathTableOf(0, 'LE').length);
  block.writeUInt32LE(layout.pathTable, 140);
  block.writeUInt32BE(layout.pathTable + 1, 148);
  const root = { extent: layout.root, size: layout.rootSectors * SECTOR, isDirectory: true };
  block.set(directoryRecord({ ...root, identifier: Buffer.from([0]) }, []), 156);
  for (const offset of [190, 318, 446, 574]) text('', offset, 128); // set, publisher, preparer, application
  for (const offset of [702, 739, 776]) text('', offset, 37); // copyright, abstract, bibliography
  for (const offset of [813, 830, 847, 864]) block.write('0'.repeat(16), offset, 'latin1'); // 8.4.26.1: no date
  block[881] = 1;
  return block;
}

/** 8.3 */
function terminator(): Buffer {
  const block = Buffer.alloc(SECTOR);
  block[0] = 255;
  block.write('CD001\x01', 1, 'latin1');
  return block;
}

/** 9.4: a table of one directory, the root. */
function pathTableOf(root: number, order: 'LE' | 'BE'): Buffer {
  const table = Buffer.alloc(10);
  table[0] = 1;
  if (order === 'LE') {
    table.writeUInt32LE(root, 2);
    table.writeUInt16LE(1, 6);
  } else {
    table.writeUInt32BE(root, 2);
    table.writeUInt16BE(1, 6);
  }
  return table;
}

/** SUSP 5.3: system use fields follow. */
function suspIndicator(): Buffer {
  return systemUseField('SP', [0xbe, 0xef, 0]);
}

/** SUSP 5.1: more fields are in the continuation area; the first record has no room for all of them. */
function seeAlso(sector: number): Buffer {
  const body = Buffer.alloc(24);
  both32(body, 0, sector);
  both32(body, 16, extensionsReference().length);
  return systemUseField('CE', body);
}

/** SUSP 5.5: which extension the fields belong to. */
function extensionsReference(): Buffer {
  const id = 'RRIP_1991A';
  const description = 'THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS';
  const source =
    'PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR CONTACT INFORMATION.';
  return systemUseField('ER', [
    id.length,
    description.length,
    source.length,
    1,
    ...Buffer.from(id + description + source, 'latin1'),
  ]);
}

/** RRIP 4.1.1: a directory everybody may enter, a file that its owner alone may read: a seed holds private keys. */
function posixAttributes(isDirectory: boolean): Buffer {
  const body = Buffer.alloc(32);
  both32(body, 0, isDirectory ? 0o040555 : 0o100400);
  both32(body, 8, isDirectory ? 2 : 1);
  return systemUseField('PX', body);
}

/** RRIP 4.1.4 */
function alternateName(name: string): Buffer {
  return systemUseField('NM', [0, ...Buffer.from(name, 'latin1')]);
}

function systemUseField(signature: string, body: ArrayLike<number>): Buffer {
  const field = Buffer.alloc(4 + body.length);
  field.write(signature, 'latin1');
  field[2] = field.length;
  field[3] = 1;
  field.set(body, 4);
  return field;
}

/** 7.2.3: both byte orders, one after the other. */
function both16(buffer: Buffer, offset: number, value: number): void {
  buffer.writeUInt16LE(value, offset);
  buffer.writeUInt16BE(value, offset + 2);
}

/** 7.3.3 */
function both32(buffer: Buffer, offset: number, value: number): void {
  buffer.writeUInt32LE(value, offset);
  buffer.writeUInt32BE(value, offset + 4);
}

function ucs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}
