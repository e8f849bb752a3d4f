import { createIso9660 } from './iso9660.js';

/** The files that cloud-init's NoCloud datasource reads; `meta-data` and `user-data` are needed. */
export interface SeedFiles {
  readonly 'meta-data': string | Uint8Array;
  readonly 'user-data': string | Uint8Array;
  readonly 'vendor-data'?: string | Uint8Array | undefined;
  readonly 'network-config'?: string | Uint8Array | undefined;
}

/** The volume label by which cloud-init knows its seed. */
const NOCLOUD_LABEL = 'cidata';

/** Makes the image of a NoCloud seed. The same files give the same bytes. */
export function createSeedIso(files: SeedFiles): Uint8Array {
  return createIso9660(
    NOCLOUD_LABEL,
    Object.entries(files).flatMap(([name, content]: [string, string | Uint8Array | undefined]) =>
      content === undefined
        ? []
        : [{ name, content: typeof content === 'string' ? Buffer.from(content) : content }],
    ),
  );
}
