import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { VmctlError } from '../errors/vmctl-error.js';
import { COMPRESSION_MAGIC_BYTES, compressionOf } from './compression.js';
import type { ImageSource, ImageStream } from './contract.js';
import { decompress } from './decompress.js';
import type { HttpImageSourceOptions } from './http-source.js';
import { httpTransferOptions } from './http-source.js';
import { ImageProblem } from './image-problem.js';
import { shownUrl } from './image-url.js';
import { chooseManifest, findDisk, type OciDescriptor } from './oci-manifest.js';
import { type OciReference, parseOciUrl } from './oci-reference.js';
import { algorithmOf, OciRegistry, verifyDigest } from './oci-registry.js';
import { peek } from './peek.js';
import { findTarDisk } from './tar-disk.js';

/** What an {@link OciImageSource} may be told. */
export interface OciImageSourceOptions extends HttpImageSourceOptions {
  /** Where logins are looked for. Default: the user's. */
  readonly homeDir?: string | undefined;
  /** Of the guest, as Node.js calls it. Default: the host's. */
  readonly architecture?: string | undefined;
}

/** An index may name indexes; more than this is no image. */
const MOST_INDEXES = 3;

/**
 * Disk images from container registries, by the OCI Distribution Specification: `oci://registry/repository:tag@digest`.
 *
 * Takes artifacts with one disk file (ORAS, Podman's machine images), and container disks (KubeVirt): container images
 * with a disk in `/disk`. Of an index, the manifest for the architecture is taken. Every digest is verified.
 */
export class OciImageSource implements ImageSource {
  readonly scheme = 'oci';
  readonly #options: OciImageSourceOptions;

  constructor(options: OciImageSourceOptions) {
    this.#options = options;
  }

  /** @throws VMCTL_IMAGE_DOWNLOAD_FAILED, VMCTL_IMAGE_CHECKSUM, here or while the stream is read */
  async open(url: URL, { signal }: Parameters<ImageSource['open']>[1]): Promise<ImageStream> {
    signal.throwIfAborted();
    const reference = parseOciUrl(url);
    const { env = process.env, homeDir = homedir(), log } = this.#options;
    const registry = new OciRegistry(reference, signal, {
      transfer: httpTransferOptions(this.#options),
      logins: { env, homeDir, log },
    });
    try {
      const place = findDisk(await this.#layers(registry, reference));
      if (place.kind === 'layers') return await this.#openLayers(registry, place.layers, url, signal);
      const fileName = place.fileName ?? nameFor(reference);
      return { ...(await wholeBlob(registry, place.blob)), size: place.blob.size, fileName };
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof ImageProblem ? unusable(error, url) : error;
    }
  }

  async #layers(registry: OciRegistry, { tag, digest }: OciReference): Promise<readonly OciDescriptor[]> {
    let name = digest ?? tag ?? '';
    for (let indexes = 0; indexes <= MOST_INDEXES; indexes++) {
      const manifest = await registry.manifest(name);
      if (manifest.kind === 'manifest') return manifest.layers;
      name = chooseManifest(manifest.manifests, this.#options.architecture ?? process.arch).digest;
    }
    throw new ImageProblem(`has more than ${MOST_INDEXES} indexes, one within the other`);
  }

  /** The disk in the uppermost layer that has one. */
  async #openLayers(
    registry: OciRegistry,
    layers: readonly OciDescriptor[],
    url: URL,
    signal: AbortSignal,
  ): Promise<ImageStream> {
    for (const layer of layers) {
      const { head, all } = await peek(
        verified(await registry.blob(layer.digest), layer),
        COMPRESSION_MAGIC_BYTES,
      );
      const compression = compressionOf(head);
      const disk = await findTarDisk(compression === undefined ? all : decompress(compression, all, signal));
      if (disk !== undefined)
        return { body: explained(disk.body, url), size: disk.size, fileName: disk.name };
    }
    throw new ImageProblem('is a container image without a disk: there is no file in /disk', {
      hint: 'A container disk has its disk, qcow2 or raw, in the directory /disk. Artifacts with one file are taken as well.',
    });
  }
}

/** A blob as it is. Whoever reads it enforces a SHA-256; another digest is verified on the way. */
async function wholeBlob(
  registry: OciRegistry,
  blob: OciDescriptor,
): Promise<Pick<ImageStream, 'body' | 'sha256'>> {
  const body = await registry.blob(blob.digest);
  return algorithmOf(blob.digest) === 'sha256'
    ? { body, sha256: blob.digest.slice('sha256:'.length) }
    : { body: verified(body, blob) };
}

/** The same bytes, with an error at their end when they do not have the digest. */
async function* verified(
  source: AsyncIterable<Uint8Array>,
  { digest }: OciDescriptor,
): AsyncGenerator<Uint8Array, void, undefined> {
  const algorithm = algorithmOf(digest);
  const hash = createHash(algorithm);
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
  verifyDigest(digest, `${algorithm}:${hash.digest('hex')}`, 'A layer of the image');
}

async function* explained(
  source: AsyncGenerator<Uint8Array, void, undefined>,
  url: URL,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* source;
  } catch (error) {
    throw error instanceof ImageProblem ? unusable(error, url) : error;
  }
}

/** `fedora-42` of `quay.io/containerdisks/fedora:42`, for blobs without a name. */
function nameFor({ repository, tag }: OciReference): string {
  const last = repository.slice(repository.lastIndexOf('/') + 1);
  return tag === undefined ? last : `${last}-${tag}`;
}

function unusable(problem: ImageProblem, url: URL): VmctlError {
  return new VmctlError(problem.code, {
    message: `${shownUrl(url)} ${problem.message}.`,
    hint: problem.hint,
    cause: problem.cause,
    details: { url: shownUrl(url) },
  });
}
