import { VmctlError } from '../errors/vmctl-error.js';
import { shownUrl } from './image-url.js';

/** An image in a registry: `oci://registry/repository:tag@digest`. */
export interface OciReference {
  /** Where the registry's API is: https, or http for one on this host. */
  readonly origin: URL;
  /** As in the URL, for credentials and messages: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** `library/debian`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** With its algorithm: `sha256:…`. Goes before the tag. */
  readonly digest: string | undefined;
  /** Of the URL, where it has some. */
  readonly credentials: OciCredentials | undefined;
}

/** A user of a registry. */
export interface OciCredentials {
  readonly user: string;
  readonly password: string;
}

// All as in the OCI Distribution Specification.
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const PATH = new RegExp(
  `^/(?<repository>${COMPONENT}(?:/${COMPONENT})*)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?<digest>[^@]+))?$`,
);
export const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const DEFAULT_TAG = 'latest';
/** What Docker Hub is called, and where its API is. */
const DOCKER_HUB: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];
const DOCKER_HUB_API = 'registry-1.docker.io';

/**
 * Reads an `oci:` URL.
 *
 * @throws VMCTL_IMAGE_URL_INVALID
 */
export function parseOciUrl(url: URL): OciReference {
  const { repository, tag, digest } = PATH.exec(decode(url.pathname))?.groups ?? {};
  const isWhole = url.hostname !== '' && url.search === '' && url.hash === '';
  if (!isWhole || repository === undefined || (digest !== undefined && !DIGEST.test(digest))) {
    throw new VmctlError('VMCTL_IMAGE_URL_INVALID', {
      message: `${shownUrl(url)} does not name an image of a registry.`,
      hint: 'Write it as oci://registry/repository:tag, or with @sha256: and 64 hex digits; a repository is in lower case.',
    });
  }
  const registry = url.host.toLowerCase();
  const isHub = DOCKER_HUB.includes(registry);
  const host = isHub ? DOCKER_HUB_API : registry;
  return {
    origin: new URL(`${isLoopback(url.hostname.toLowerCase()) ? 'http' : 'https'}://${host}`),
    registry,
    repository: isHub && !repository.includes('/') ? `library/${repository}` : repository,
    tag: tag ?? (digest === undefined ? DEFAULT_TAG : undefined),
    digest,
    credentials:
      url.username === '' ? undefined : { user: decode(url.username), password: decode(url.password) },
  };
}

/** Whether nobody but this host hears what is sent there. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Whether two names of registries, as people and programs write them, mean the same one. */
export function isSameRegistry(one: string, other: string): boolean {
  return one === other || (DOCKER_HUB.includes(one) && DOCKER_HUB.includes(other));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
