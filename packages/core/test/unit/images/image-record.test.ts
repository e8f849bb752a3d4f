import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ImageRecord, parseRecord } from '../../../src/images/image-record.js';

const record: ImageRecord = {
  file: 'a-b-noble.img',
  key: 'a'.repeat(64),
  url: 'https://example.org/noble.img',
  sha256: 'b'.repeat(64),
  download_size: 10,
  size: 20,
  format: 'qcow2',
  virtual_size: 1024,
  fetched_at: '2026-11-20T12:00:00.000Z',
};

describe('the sidecar of a cached image', () => {
  it('is read', () => {
    expect(parseRecord(JSON.stringify(record))).toEqual(record);
  });

  it('may have fields of a newer version', () => {
    expect(parseRecord(JSON.stringify({ ...record, labels: ['x'] }))).toEqual(record);
  });

  it.each(Object.keys(record))('does not count without its field %s', (field) => {
    expect(parseRecord(JSON.stringify({ ...record, [field]: undefined }))).toBeUndefined();
  });

  it.each([
    { sha256: 'B'.repeat(64) },
    { sha256: '' },
    { size: -1 },
    { size: 1.5 },
    { size: '20' },
    { format: 'vmdk' },
    { virtual_size: 2 ** 60 },
  ])('does not count with %j', (wrong) => {
    expect(parseRecord(JSON.stringify({ ...record, ...wrong }))).toBeUndefined();
  });

  it('gives a record or nothing for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseRecord(text)).toBeUndefined();
      }),
    );
  });
});
