/** The least that passes for a raw disk: the signature of a boot sector, and room. */
export function emptyDisk() {
  const disk = Buffer.alloc(2 ** 20);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
