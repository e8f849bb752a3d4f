/** Fields of a qcow2 header that tests set; the rest is what makes a small, valid one. */
export interface Qcow2Fields {
  version?: number;
  backingOffset?: bigint;
  backingSize?: number;
  clusterBits?: number;
  virtualSize?: bigint;
  crypt?: number;
  l1Size?: number;
  l1Offset?: bigint;
  refcountOffset?: bigint;
  refcountClusters?: number;
  incompatible?: bigint;
  refcountOrder?: number;
  headerLength?: number;
}

/** The bytes of a qcow2 header, version 3 unless said otherwise. */
export function qcow2Header(fields: Qcow2Fields = {}): Buffer {
  const header = Buffer.alloc(104);
  header.write('QFI\xfb', 0, 'latin1');
  header.writeUInt32BE(fields.version ?? 3, 4);
  header.writeBigUInt64BE(fields.backingOffset ?? 0n, 8);
  header.writeUInt32BE(fields.backingSize ?? 0, 16);
  header.writeUInt32BE(fields.clusterBits ?? 16, 20);
  header.writeBigUInt64BE(fields.virtualSize ?? 1n << 30n, 24);
  header.writeUInt32BE(fields.crypt ?? 0, 32);
  header.writeUInt32BE(fields.l1Size ?? 2, 36);
  header.writeBigUInt64BE(fields.l1Offset ?? 3n << 16n, 40);
  header.writeBigUInt64BE(fields.refcountOffset ?? 1n << 16n, 48);
  header.writeUInt32BE(fields.refcountClusters ?? 1, 56);
  if ((fields.version ?? 3) === 3) {
    header.writeBigUInt64BE(fields.incompatible ?? 0n, 72);
    header.writeUInt32BE(fields.refcountOrder ?? 4, 96);
    header.writeUInt32BE(fields.headerLength ?? 104, 100);
  }
  return header;
}
