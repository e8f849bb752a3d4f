import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const TITLE = 'org.opencontainers.image.title';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const EMPTY = 'application/vnd.oci.empty.v1+json';

/** A manifest or an index, as it is pushed. */
export interface PushedManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** An image for a registry: a manifest and the blobs that it names. */
export interface PushedImage extends PushedManifest {
  readonly blobs: readonly Buffer[];
}

/** `sha256:` and 64 hex digits. */
export function digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** What ORAS pushes: each file is a blob with its name, called a layer when nothing else is said. */
export function artifact(
  files: Readonly<Record<string, Uint8Array>>,
  mediaType = 'application/vnd.oci.image.layer.v1.tar',
): PushedImage {
  const config = Buffer.from('{}');
  const blobs = Object.entries(files).map(([name, content]) => ({ name, bytes: Buffer.from(content) }));
  const layers = blobs.map(({ name, bytes }) => ({
    mediaType,
    digest: digest(bytes),
    size: bytes.length,
    annotations: { [TITLE]: name },
  }));
  return image(layers, [config, ...blobs.map(({ bytes }) => bytes)], EMPTY, config);
}

/** What a container build makes of a disk for KubeVirt: one packed layer for each set of files. */
export function containerDisk(...layers: readonly Readonly<Record<string, Uint8Array>>[]): PushedImage {
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers' } }),
  );
  const blobs = layers.map((files) => gzipSync(tar(files), { level: 1 }));
  const descriptors = blobs.map((bytes) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: digest(bytes),
    size: bytes.length,
  }));
  return image(descriptors, [config, ...blobs], 'application/vnd.oci.image.config.v1+json', config);
}

/** Manifests of several platforms. */
export function index(
  entries: readonly {
    readonly manifest: PushedManifest;
    readonly architecture: string;
    readonly disktype?: string;
  }[],
): PushedManifest {
  const manifests = entries.map(({ manifest, architecture, disktype }) => ({
    mediaType: manifest.mediaType,
    digest: digest(manifest.bytes),
    size: manifest.bytes.length,
    platform: { os: 'linux', architecture },
    ...(disktype === undefined ? {} : { annotations: { disktype } }),
  }));
  return { mediaType: INDEX, bytes: json({ schemaVersion: 2, mediaType: INDEX, manifests }) };
}

function image(
  layers: readonly object[],
  blobs: readonly Buffer[],
  type: string,
  config: Buffer,
): PushedImage {
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: type, digest: digest(config), size: config.length },
    layers,
  };
  return { mediaType: MANIFEST, bytes: json(manifest), blobs };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** A tar archive (ustar) of some files with short names. */
function tar(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0'.concat('0000153\0', '0000153\0'), 100);
    header.write(
      `${content.length.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0${' '.repeat(8)}0`,
      124,
    );
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
