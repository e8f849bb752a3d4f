import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ImageProblem } from '../../../src/images/image-problem.js';
import { parseQcow2Header } from '../../../src/images/qcow2-header.js';
import { qcow2Header, type Qcow2Fields } from '../../support/qcow2.js';

const parse = (fields: Qcow2Fields = {}) => parseQcow2Header(qcow2Header(fields));

describe('a qcow2 header', () => {
  it('of version 3 is read', () => {
    expect(parse()).toEqual({
      version: 3,
      clusterSize: 65_536,
      virtualSize: 2 ** 30,
      backingFileName: undefined,
      encrypted: false,
      externalDataFile: false,
      corrupt: false,
      l1Table: { offset: 196_608, length: 16 },
      refcountTable: { offset: 65_536, length: 65_536 },
      refcountBits: 16,
    });
  });

  it('of version 2 is read, whatever stands where version 3 has its flags', () => {
    const bytes = qcow2Header({ version: 2 });
    bytes.fill(0xff, 72);
    expect(parseQcow2Header(bytes)).toMatchObject({ version: 2, refcountBits: 16, externalDataFile: false });
  });

  it('of version 2 may end after 72 bytes', () => {
    expect(parseQcow2Header(qcow2Header({ version: 2 }).subarray(0, 72))).toMatchObject({ version: 2 });
  });

  it('says where the name of the backing file is', () => {
    expect(parse({ backingOffset: 104n, backingSize: 11 }).backingFileName).toEqual({
      offset: 104,
      length: 11,
    });
  });

  it('has a backing file even when its name is empty', () => {
    expect(parse({ backingOffset: 104n, backingSize: 0 }).backingFileName).toEqual({
      offset: 104,
      length: 0,
    });
  });

  it.each<[string, Qcow2Fields, Partial<ReturnType<typeof parse>>]>([
    ['encryption with AES', { crypt: 1 }, { encrypted: true }],
    ['encryption with LUKS', { crypt: 2 }, { encrypted: true }],
    ['the corrupt flag', { incompatible: 2n }, { corrupt: true }],
    ['an external data file', { incompatible: 4n }, { externalDataFile: true }],
    ['compression type and dirty flag', { incompatible: 9n }, { externalDataFile: false, corrupt: false }],
    ['refcounts of one bit', { refcountOrder: 0 }, { refcountBits: 1 }],
  ])('shows %s', (_what, fields, expected) => {
    expect(parse(fields)).toMatchObject(expected);
  });

  it('counts the larger L2 entries of extended L2 tables', () => {
    // One L1 entry covers 512 MiB, or 256 MiB with extended entries.
    expect(parse({ l1Size: 2 }).virtualSize).toBe(2 ** 30);
    expect(() => parse({ l1Size: 2, incompatible: 16n })).toThrow('L1 table of 16 bytes');
    expect(parse({ l1Size: 4, incompatible: 16n }).virtualSize).toBe(2 ** 30);
  });

  it.each<[string, Qcow2Fields, RegExp]>([
    ['version 1', { version: 1 }, /version 1, which is too old/],
    ['a future version', { version: 4 }, /version 4, which vmctl does not know/],
    ['clusters too small', { clusterBits: 8 }, /cluster size 2\^8/],
    ['clusters too large', { clusterBits: 22 }, /cluster size 2\^22/],
    ['an empty disk', { virtualSize: 0n }, /size 0/],
    ['a disk beyond all numbers', { virtualSize: 2n ** 63n }, /virtual size 9223372036854775808/],
    ['an L1 table too small for the disk', { l1Size: 1 }, /L1 table of 8 bytes/],
    ['an L1 table beyond the limit', { l1Size: 0xffffffff }, /L1 table of 34359738360 bytes/],
    ['an L1 table that is not aligned', { l1Offset: 200_000n }, /L1 table at offset 200000/],
    ['no refcount table', { refcountClusters: 0 }, /refcount table of 0 bytes/],
    ['a refcount table beyond the limit', { refcountClusters: 129 }, /refcount table of 8454144 bytes/],
    ['a refcount table on the header', { refcountOffset: 0n }, /refcount table at offset 0/],
    ['refcounts too wide', { refcountOrder: 7 }, /reference counts of 2\^7 bits/],
    ['a header too short', { headerLength: 72 }, /header length 72/],
    ['a header beyond its cluster', { headerLength: 65_537 }, /header length 65537/],
    [
      'a backing name too long',
      { backingOffset: 104n, backingSize: 1024 },
      /backing file name of 1024 bytes/,
    ],
    ['a backing name beyond the cluster', { backingOffset: 65_530n, backingSize: 10 }, /at offset 65530/],
  ])('is refused for %s', (_what, fields, message) => {
    expect(() => parse(fields)).toThrow(ImageProblem);
    expect(() => parse(fields)).toThrow(message);
  });

  it.each([4, 7, 8, 71, 103])('is refused when it ends after %d bytes', (length) => {
    expect(() => parseQcow2Header(qcow2Header().subarray(0, length))).toThrow('truncated');
  });

  it('gives a header or an ImageProblem for any bytes', () => {
    const header = fc.record({
      version: fc.constantFrom(1, 2, 3, 4),
      backingOffset: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      backingSize: fc.nat(),
      clusterBits: fc.nat(64),
      virtualSize: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      crypt: fc.nat(3),
      l1Size: fc.nat(),
      l1Offset: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      refcountOffset: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      refcountClusters: fc.nat(),
      incompatible: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      refcountOrder: fc.nat(100),
      headerLength: fc.nat(),
    });
    const magic = Buffer.from('QFI\xfb', 'latin1');
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((rest) => new Uint8Array([...magic, ...rest])),
      fc.tuple(header, fc.nat(104)).map(([fields, length]) => qcow2Header(fields).subarray(0, length)),
      // One field at a time off an otherwise valid header gets past the first check.
      fc
        .tuple(
          header,
          fc.constantFrom<keyof Qcow2Fields>('l1Size', 'l1Offset', 'backingOffset', 'incompatible'),
        )
        .map(([fields, name]) => qcow2Header({ [name]: fields[name] })),
    );
    fc.assert(
      fc.property(bytes, (data) => {
        try {
          const parsed = parseQcow2Header(data);
          expect(Number.isSafeInteger(parsed.l1Table.offset + parsed.l1Table.length)).toBe(true);
          expect(Number.isSafeInteger(parsed.virtualSize)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ImageProblem);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
