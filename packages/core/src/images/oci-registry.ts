import { createHash } from 'node:crypto';
import { VmctlError } from '../errors/vmctl-error.js';
import { type HttpAnswer, httpGet, type HttpGetOptions } from './http-get.js';
import { HttpTransfer, type HttpTransferOptions } from './http-transfer.js';
import { findLogin, type LoginPlaces, type OciLogin } from './oci-credentials.js';
import { MANIFEST_TYPES, type OciManifest, parseManifest } from './oci-manifest.js';
import { isLoopback, type OciCredentials, type OciReference } from './oci-reference.js';
import { parseChallenges, tokenOf, tokenUrl } from './oci-token.js';

/** Registries refuse larger manifests as well. */
const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;
const MOST_TOKEN_BYTES = 256 * 1024;

/** How an {@link OciRegistry} is reached. */
export interface OciRegistryOptions {
  readonly transfer: HttpTransferOptions;
  readonly logins: LoginPlaces;
}

/**
 * One repository of a registry, for one pull. Asks for a token, or gives the user's login, when the registry wants it
 * (OCI Distribution Specification; Docker's token authentication).
 */
export class OciRegistry {
  readonly #reference: OciReference;
  readonly #signal: AbortSignal;
  readonly #options: OciRegistryOptions;
  #login: Promise<OciLogin> | undefined;
  #authorization: string | undefined;

  constructor(reference: OciReference, signal: AbortSignal, options: OciRegistryOptions) {
    this.#reference = reference;
    this.#signal = signal;
    this.#options = options;
  }

  /**
   * What a tag or a digest stands for.
   *
   * @throws VMCTL_IMAGE_DOWNLOAD_FAILED, VMCTL_IMAGE_CHECKSUM
   * @throws ImageProblem when it is no manifest
   */
  async manifest(name: string): Promise<OciManifest> {
    const url = this.#url(`manifests/${name}`);
    const transfer = new HttpTransfer(url, this.#signal, {
      ...this.#options.transfer,
      get: (at, options) =>
        this.#get(at, { ...options, headers: { ...options.headers, accept: MANIFEST_TYPES.join(', ') } }),
    });
    const answer = await transfer.start().catch((error: unknown) => this.#explain(error));
    mustBePrivate(answer.url, this.#shown);
    const bytes = await readAll(transfer.read(answer), MOST_MANIFEST_BYTES, this.#shown);
    if (name.includes(':')) verifyDigest(name, digestOf(name, bytes), `The manifest of ${this.#shown}`);
    return parseManifest(bytes);
  }

  /** A blob's bytes, not checked. */
  async blob(digest: string): Promise<AsyncGenerator<Uint8Array, void, undefined>> {
    const transfer = new HttpTransfer(this.#url(`blobs/${digest}`), this.#signal, {
      ...this.#options.transfer,
      get: (at, options) => this.#get(at, options),
    });
    return transfer.read(await transfer.start().catch((error: unknown) => this.#explain(error)));
  }

  /** For messages, without credentials. */
  get #shown(): string {
    const { registry, repository, tag, digest } = this.#reference;
    const name = `oci://${registry}/${repository}`;
    return `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  }

  #url(path: string): URL {
    return new URL(`/v2/${this.#reference.repository}/${path}`, this.#reference.origin);
  }

  /** One request; a second one with what the registry asks for, where it refuses the first. */
  async #get(url: URL, options: HttpGetOptions): Promise<HttpAnswer> {
    const answer = await httpGet(url, { ...options, authorization: this.#authorization });
    if (answer.response.statusCode !== 401 || answer.url.origin !== url.origin) return answer;
    const authorization = await this.#authorize(answer.response.headers['www-authenticate'] ?? '');
    if (authorization === undefined) return answer;
    answer.response.destroy();
    this.#authorization = authorization;
    return httpGet(url, { ...options, authorization });
  }

  /** What to send after a 401; undefined when there is nothing to try. */
  async #authorize(header: string): Promise<string | undefined> {
    this.#login ??= findLogin(this.#reference, this.#options.logins);
    const { credentials } = await this.#login;
    const basic = credentials === undefined ? undefined : basicOf(credentials);
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer === undefined) return challenges.some(({ scheme }) => scheme === 'basic') ? basic : undefined;
    const url = tokenUrl(bearer.parameters, this.#reference.repository);
    if (url === undefined) return undefined;
    mustBePrivate(url, this.#shown);
    const transfer = new HttpTransfer(url, this.#signal, {
      ...this.#options.transfer,
      get: (at, options) => httpGet(at, { ...options, authorization: basic }),
    });
    const answer = await transfer.start().catch((error: unknown) => this.#explain(error));
    const token = tokenOf(await readAll(transfer.read(answer), MOST_TOKEN_BYTES, this.#shown));
    return token === undefined ? undefined : `Bearer ${token}`;
  }

  /** Throws the error with words that fit a registry. */
  async #explain(error: unknown): Promise<never> {
    const status = statusOf(error);
    const { registry } = this.#reference;
    if (status === 404) {
      throw new VmctlError('VMCTL_IMAGE_DOWNLOAD_FAILED', {
        message: `The registry ${registry} has no ${this.#shown}.`,
        hint: 'Check repository and tag in the URL.',
        cause: error,
        details: { url: this.#shown, status },
      });
    }
    if (status !== 401 && status !== 403) throw error;
    const { credentials, helper } = await (this.#login ?? findLogin(this.#reference, this.#options.logins));
    throw new VmctlError('VMCTL_IMAGE_DOWNLOAD_FAILED', {
      message:
        `The registry ${registry} refuses access to ${this.#shown}` +
        (credentials === undefined ? '; vmctl has no login for it.' : ` for the user ${credentials.user}.`),
      hint:
        helper === undefined
          ? `If the repository exists, log in: docker login ${registry}, or podman login ${registry}; vmctl reads their files.`
          : `Your login is kept by ${helper}, which vmctl does not run. Log in with: podman login ${registry}`,
      cause: error,
      details: { url: this.#shown, status },
    });
  }
}

/** The digest of some bytes, with the algorithm of another one. */
export function digestOf(like: string, bytes: Uint8Array): string {
  const algorithm = algorithmOf(like);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** `sha256` or `sha512`: what a digest begins with has been checked where it was read. */
export function algorithmOf(digest: string): string {
  return digest.slice(0, digest.indexOf(':'));
}

/** @throws VMCTL_IMAGE_CHECKSUM */
export function verifyDigest(expected: string, actual: string, what: string): void {
  if (expected === actual) return;
  throw new VmctlError('VMCTL_IMAGE_CHECKSUM', {
    message: `${what} does not have the digest it should have.\n  wanted ${expected}\n  got    ${actual}`,
    hint: 'The registry, or somebody on the way, gives out something else than was pushed. Try again, or another registry.',
    details: { expected, actual },
  });
}

function mustBePrivate(url: URL, shown: string): void {
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return;
  throw new VmctlError('VMCTL_IMAGE_DOWNLOAD_FAILED', {
    message: `Cannot download ${shown}: the registry sends us to ${url.origin}, where anybody could listen.`,
    hint: 'Ask whoever runs the registry to use https.',
    details: { url: shown },
  });
}

async function readAll(source: AsyncIterable<Uint8Array>, most: number, shown: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > most) {
      throw new VmctlError('VMCTL_IMAGE_DOWNLOAD_FAILED', {
        message: `Cannot download ${shown}: the registry answers with more than ${most} bytes where little belongs.`,
        hint: 'Check the URL; this may be no registry.',
        details: { url: shown },
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function basicOf({ user, password }: OciCredentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function statusOf(error: unknown): unknown {
  return error instanceof VmctlError ? error.details?.['status'] : undefined;
}
