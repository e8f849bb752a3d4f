import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createIso9660, type IsoFile } from '../../../src/guest/iso9660.js';
import { createSeedIso } from '../../../src/guest/seed-iso.js';
import { itWith, run } from '../../support/programs.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();
const bytes = (size: number, seed = 1) =>
  Buffer.from(Array.from({ length: size }, (_, i) => (i * seed) % 251));

/** Reads the files back as a driver for one of the two trees would: descriptor, root directory, extents. */
function readTree(image: Uint8Array, tree: 'primary' | 'joliet'): Map<string, Buffer> {
  const iso = Buffer.from(image);
  const descriptor = tree === 'primary' ? 16 : 17;
  const root = descriptor * 2048 + 156;
  const start = iso.readUInt32LE(root + 2) * 2048;
  const end = start + iso.readUInt32LE(root + 10);
  const files = new Map<string, Buffer>();
  for (let at = start; at < end;) {
    const length = iso.readUInt8(at);
    if (length === 0) {
      at = (Math.floor(at / 2048) + 1) * 2048;
      continue;
    }
    const extent = iso.readUInt32LE(at + 2) * 2048;
    const size = iso.readUInt32LE(at + 10);
    expect(iso.readUInt32BE(at + 6) * 2048).toBe(extent);
    const nameLength = iso.readUInt8(at + 32);
    const isDirectory = (iso.readUInt8(at + 25) & 2) !== 0;
    if (!isDirectory) {
      const raw = iso.subarray(at + 33, at + 33 + nameLength);
      const name =
        tree === 'joliet'
          ? Buffer.from(raw).swap16().toString('utf16le')
          : alternateName(iso.subarray(at + 33 + nameLength + ((33 + nameLength) % 2), at + length));
      files.set(name, iso.subarray(extent, extent + size));
    }
    at += length;
  }
  return files;
}

/** The Rock Ridge name among the system use fields. */
function alternateName(fields: Buffer): string {
  for (let at = 0; at + 4 <= fields.length; at += fields.readUInt8(at + 2)) {
    if (fields.toString('latin1', at, at + 2) === 'NM') {
      return fields.toString('latin1', at + 5, at + fields.readUInt8(at + 2));
    }
  }
  throw new Error('no name');
}

const anyFiles = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-zA-Z0-9._-]{1,64}$/),
    content: fc.oneof(
      fc.uint8Array({ maxLength: 5000 }),
      fc.constantFrom(0, 1, 2047, 2048, 2049, 4096).map((size) => bytes(size, 7)),
    ),
  }),
  { maxLength: 60, selector: ({ name }: IsoFile) => name.toLowerCase() },
);

describe('createIso9660', () => {
  it('keeps every name and every byte, in both trees, whatever they are', () => {
    fc.assert(
      fc.property(anyFiles, (files) => {
        const image = createIso9660('cidata', files);
        expect(image.length % 2048).toBe(0);
        for (const tree of ['primary', 'joliet'] as const) {
          const read = readTree(image, tree);
          expect([...read.keys()].toSorted()).toEqual(files.map(({ name }) => name).toSorted());
          for (const { name, content } of files) expect(read.get(name)?.equals(content)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same bytes for the same files', () => {
    const make = () => createIso9660('cidata', [{ name: 'user-data', content: bytes(3000) }]);
    expect(Buffer.from(make()).equals(make())).toBe(true);
  });

  it.each(['', 'a/b', '../x', 'ü', 'x'.repeat(65)])('refuses "%s" as a file name', (name) => {
    expect(() => createIso9660('cidata', [{ name, content: bytes(1) }])).toThrow(RangeError);
  });

  it('refuses two names that differ in their case alone: some systems could not tell them apart', () => {
    const files = ['Data', 'data'].map((name) => ({ name, content: bytes(1) }));
    expect(() => createIso9660('cidata', files)).toThrow(RangeError);
  });
});

describe('createSeedIso', () => {
  const files = {
    'meta-data': '{"instance-id": "qemu-1"}\n',
    'user-data': bytes(2 ** 20 + 1),
    'vendor-data': '',
  };

  itWith('blkid')('makes a volume that cloud-init finds by its label', async () => {
    const path = join(directory.path, 'seed.iso');
    await writeFile(path, createSeedIso(files));
    const { stdout } = await run('/usr/sbin/blkid', ['-p', '-o', 'export', path]);
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['LABEL=cidata', 'TYPE=iso9660']));
  });

  itWith('xorriso')('makes an image from which xorriso extracts exactly these files', async () => {
    const path = join(directory.path, 'seed.iso');
    const out = join(directory.path, 'out');
    await writeFile(path, createSeedIso(files));
    const { stderr } = await run('xorriso', ['-osirrox', 'on', '-indev', path, '-extract', '/', out]);
    expect(stderr).not.toMatch(/FAILURE|SORRY|WARNING/);
    expect((await readdir(out)).toSorted()).toEqual(Object.keys(files).toSorted());
    for (const [name, content] of Object.entries(files)) {
      expect((await readFile(join(out, name))).equals(Buffer.from(content))).toBe(true);
    }
  });

  itWith('isovfy')('makes an image in which isovfy finds no fault', async () => {
    const path = join(directory.path, 'seed.iso');
    await writeFile(path, createSeedIso(files));
    expect((await run('isovfy', [path])).stdout).toMatch(/No errors found/);
  });

  it('leaves out what is not given', () => {
    const image = createSeedIso({ 'meta-data': 'm', 'user-data': 'u', 'vendor-data': undefined });
    expect([...readTree(image, 'joliet').keys()].toSorted()).toEqual(['meta-data', 'user-data']);
  });
});
