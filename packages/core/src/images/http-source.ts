import { VmctlError } from '../errors/vmctl-error.js';
import type { Logger } from '../host/logger.js';
import { compressionOfName } from './compression.js';
import type { ImageSource, ImageStream } from './contract.js';
import { decompress } from './decompress.js';
import type { HttpAnswer } from './http-get.js';
import { HttpTransfer, type HttpTransferOptions } from './http-transfer.js';
import { fileNameOfUrl, shownUrl } from './image-url.js';

/** What an {@link HttpImageSource} may be told; durations in milliseconds. */
export interface HttpImageSourceOptions {
  readonly log: Logger;
  /** Where `http_proxy`, `https_proxy` and `no_proxy` are looked up. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** A transfer of which nothing comes for so long is broken off and tried again. Default 30,000. */
  readonly stallMs?: number | undefined;
  /** How often in a row it is tried again without anything new. Default 4. */
  readonly retries?: number | undefined;
  /** Pause before the first retry; each further one takes twice as long. Default 500. */
  readonly retryDelayMs?: number | undefined;
  /** Certificate authorities instead of Node's own, PEM. */
  readonly ca?: string | undefined;
}

const DEFAULT_STALL_MS = 30_000;
const DEFAULT_RETRIES = 4;
const DEFAULT_RETRY_DELAY_MS = 500;

/**
 * Images over HTTP, directly or through the proxy that the environment names. A transfer that breaks off or stalls
 * goes on where it was, without the reader noticing ({@link HttpTransfer}).
 */
export class HttpImageSource implements ImageSource {
  readonly scheme: string;
  readonly #options: HttpTransferOptions;

  /** @param scheme - `http` or `https` */
  constructor(scheme: string, options: HttpImageSourceOptions) {
    this.scheme = scheme;
    this.#options = httpTransferOptions(options);
  }

  /** @throws VMCTL_IMAGE_DOWNLOAD_FAILED, here or while the stream is read */
  async open(url: URL, options: Parameters<ImageSource['open']>[1]): Promise<ImageStream> {
    const { signal, hasAlternative = false } = options;
    const transfer = new HttpTransfer(url, signal, this.#options);
    const answer = await transfer.start(hasAlternative ? { retries: 0 } : {});
    const fileName = fileNameOfUrl(url) || fileNameOfUrl(answer.url);
    const body = transfer.read(answer);
    if (!isEncoded(url, answer)) return { body, size: transfer.total, fileName };
    return { body: decompress('gzip', body, signal), fileName };
  }
}

/**
 * Whether the server packed the body for the way, although it was asked not to. Some servers call every `.gz` file
 * "encoded": that is how the file is, and what its checksum is of.
 */
function isEncoded(url: URL, { response, url: from }: HttpAnswer): boolean {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return false;
  const asStored = [url, from].some((each) => compressionOfName(fileNameOfUrl(each)) !== undefined);
  if (asStored) return false;
  if (encoding === 'gzip' || encoding === 'x-gzip') return true;
  response.destroy();
  throw new VmctlError('VMCTL_IMAGE_DOWNLOAD_FAILED', {
    message: `Cannot download ${shownUrl(url)}: the server sends it with the content encoding "${encoding}", which was not asked for.`,
    hint: 'Use another mirror, or download it yourself and use: image "path/to/disk.qcow2"',
    details: { url: shownUrl(url) },
  });
}

/** The options of a transfer, with their defaults. */
export function httpTransferOptions(options: HttpImageSourceOptions): HttpTransferOptions {
  return {
    log: options.log,
    env: options.env ?? process.env,
    stallMs: options.stallMs ?? DEFAULT_STALL_MS,
    retries: options.retries ?? DEFAULT_RETRIES,
    retryDelayMs: options.retryDelayMs ?? DEFAULT_RETRY_DELAY_MS,
    ca: options.ca,
  };
}
