import { isJsonObject } from '../host/json-object.js';
import { ImageProblem, printable } from './image-problem.js';
import { DIGEST } from './oci-reference.js';

/** What is asked for under a tag or digest. */
export const MANIFEST_TYPES: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** A blob of a registry, or a manifest that an index names. */
export interface OciDescriptor {
  readonly mediaType: string;
  /** With its algorithm. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of a manifest in an index. */
  readonly platform: { readonly os: string; readonly architecture: string } | undefined;
}

/** What a tag or a digest stands for: manifests of several platforms, or the layers of one. */
export type OciManifest =
  | { readonly kind: 'index'; readonly manifests: readonly OciDescriptor[] }
  | { readonly kind: 'manifest'; readonly layers: readonly OciDescriptor[] };

const TITLE = 'org.opencontainers.image.title';
/** Podman's machine images: one manifest for each kind of hypervisor. */
const DISK_TYPE = 'disktype';
const OUR_DISK_TYPE = 'qemu';
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
const LAYER_TAR =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1|docker\.image\.rootfs\.(?:foreign\.)?diff)\.tar(?:[.+]\w+)?$/;
const ARCHIVE_NAME = /\.(?:tar(?:\.\w+)?|tgz)$/i;
const DISK_NAME = /\.(?:qcow2|img|raw)(?:\.(?:xz|gz|zst|zstd))?$/i;
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  x64: ['amd64', 'x86_64'],
  arm64: ['arm64', 'aarch64'],
};

/**
 * Reads a manifest or an index, of OCI or of Docker.
 *
 * @throws ImageProblem
 */
export function parseManifest(bytes: Uint8Array): OciManifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ImageProblem('is no manifest: the registry answers with something else than JSON', { cause });
  }
  if (isJsonObject(value) && Array.isArray(value['manifests'])) {
    return { kind: 'index', manifests: value['manifests'].map(parseDescriptor) };
  }
  if (isJsonObject(value) && Array.isArray(value['layers'])) {
    return { kind: 'manifest', layers: value['layers'].map(parseDescriptor) };
  }
  throw new ImageProblem('has a manifest of a kind that vmctl does not know', {
    hint: 'Push it again with a newer program; manifests of version 1 are not used any more.',
  });
}

/**
 * The manifest for a platform. One that is marked as a disk for QEMU goes before others, and one that is marked as
 * for another hypervisor is never taken.
 *
 * @param architecture - as Node.js calls it: `x64`
 * @throws ImageProblem when there is none
 */
export function chooseManifest(manifests: readonly OciDescriptor[], architecture: string): OciDescriptor {
  const names = ARCHITECTURES[architecture] ?? [architecture];
  const fitting = manifests.filter(
    ({ platform, annotations }) =>
      (platform === undefined || (platform.os === 'linux' && names.includes(platform.architecture))) &&
      [undefined, OUR_DISK_TYPE].includes(annotations[DISK_TYPE]),
  );
  const chosen = fitting.find(({ annotations }) => annotations[DISK_TYPE] !== undefined) ?? fitting[0];
  if (chosen !== undefined) return chosen;
  const known = manifests.flatMap(({ platform }) =>
    platform === undefined ? [] : [printable(`${platform.os}/${platform.architecture}`, 40)],
  );
  throw new ImageProblem(
    `has nothing for linux/${names[0] ?? architecture}; there is: ${[...new Set(known)].join(', ') || 'nothing'}`,
  );
}

/** How a disk lies in an image: as a blob of its own, or in the `disk` directory of one of these layers. */
export type DiskPlace =
  | { readonly kind: 'file'; readonly blob: OciDescriptor; readonly fileName: string | undefined }
  | { readonly kind: 'layers'; /** The uppermost first. */ readonly layers: readonly OciDescriptor[] };

/**
 * Where the disk is.
 *
 * Artifacts, as ORAS pushes them, have a file's name beside each blob, whatever its media type; container disks, as
 * KubeVirt defines them, are container images with a disk in `/disk`.
 *
 * @throws ImageProblem when it cannot be told
 */
export function findDisk(layers: readonly OciDescriptor[]): DiskPlace {
  const full = layers.filter(({ mediaType }) => mediaType !== EMPTY_TYPE);
  const files = full.filter((layer) => !isTarLayer(layer));
  const disks = files.filter(({ annotations }) => DISK_NAME.test(annotations[TITLE] ?? ''));
  const [blob, another] = disks.length > 0 ? disks : files;
  if (blob !== undefined && another === undefined) {
    return { kind: 'file', blob, fileName: annotatedName(blob) };
  }
  if (blob !== undefined) {
    const names = (disks.length > 0 ? disks : files).map(({ annotations, mediaType }) =>
      printable(annotations[TITLE] ?? mediaType, 80),
    );
    throw new ImageProblem(
      `has ${names.length} files, and which one is the disk cannot be told: ${names.join(', ')}`,
      {
        hint: 'An image for vmctl has one file, one that is called .qcow2, .img or .raw, or a layer with /disk/<name>.',
      },
    );
  }
  if (full.length === 0) throw new ImageProblem('has no layers, so there is no disk in it');
  return { kind: 'layers', layers: full.toReversed() };
}

function isTarLayer({ mediaType, annotations }: OciDescriptor): boolean {
  const title = annotations[TITLE];
  // ORAS calls every file a layer when it is not told what it is.
  return LAYER_TAR.test(mediaType) && (title === undefined || ARCHIVE_NAME.test(title));
}

/** The name without directories; undefined when there is none. */
function annotatedName({ annotations }: OciDescriptor): string | undefined {
  const name = (annotations[TITLE] ?? '').split(/[/\\\0]/).at(-1) ?? '';
  return ['', '.', '..'].includes(name) ? undefined : name;
}

function parseDescriptor(value: unknown): OciDescriptor {
  if (!isJsonObject(value)) throw new ImageProblem('has a damaged manifest: a descriptor is no object');
  const { mediaType, digest, size, annotations, platform } = value;
  if (typeof digest !== 'string' || !DIGEST.test(digest)) {
    throw new ImageProblem(`has a damaged manifest: ${printable(String(digest))} is no digest`);
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new ImageProblem(`has a damaged manifest: ${digest} has the size ${printable(String(size), 40)}`);
  }
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest,
    size,
    annotations: isJsonObject(annotations)
      ? Object.fromEntries(
          Object.entries(annotations).filter(
            (entry): entry is [string, string] => typeof entry[1] === 'string',
          ),
        )
      : {},
    platform:
      isJsonObject(platform) &&
      typeof platform['os'] === 'string' &&
      typeof platform['architecture'] === 'string'
        ? { os: platform['os'], architecture: platform['architecture'] }
        : undefined,
  };
}
