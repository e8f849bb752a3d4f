import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import type { ImageSource, ImageStream, PluginHost } from '@vmctl/core/plugin';

/** Bytes that are read at a time. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Images of one directory: `template-word:///debian/12.qcow2` is `debian/12.qcow2` in it. vmctl keeps what it fetches in
 * its cache, checks its checksum, and unpacks it.
 */
export class DirectorySource implements ImageSource {
  readonly scheme = 'template-word';
  readonly #directory: string;
  readonly #error: PluginHost['error'];

  constructor(directory: string, error: PluginHost['error']) {
    this.#directory = directory;
    this.#error = error;
  }

  // Changes when the content does, so that a new image behind the same URL is fetched again. A source that would have to
  // ask a server for it leaves this method out: then the URL alone is the key.
  async fingerprint(url: URL): Promise<string> {
    const { size, modified } = await this.#find(url);
    return `${size}-${modified}`;
  }

  async open(url: URL, { signal }: Parameters<ImageSource['open']>[1]): Promise<ImageStream> {
    signal.throwIfAborted();
    const { path, size } = await this.#find(url);
    const body = createReadStream(path, { highWaterMark: CHUNK_BYTES, signal });
    // Errors are for whoever reads; one that comes before anybody does is nobody's.
    body.on('error', () => undefined);
    return { body, size, fileName: basename(path) };
  }

  async #find(url: URL): Promise<{ path: string; size: number; modified: bigint }> {
    const name = this.#nameIn(url);
    try {
      const [directory, path] = await Promise.all([
        realpath(this.#directory),
        realpath(join(this.#directory, name)),
      ]);
      const stats = await stat(path, { bigint: true });
      // A link that leads out of the directory is not one of its images.
      if (stats.isFile() && path.startsWith(directory + sep)) {
        return { path, size: Number(stats.size), modified: stats.mtimeNs };
      }
    } catch (cause) {
      throw this.#notFound(url, cause);
    }
    throw this.#notFound(url);
  }

  /** The path in the directory. What a URL says as `..` is settled when it is parsed; `%2e` and `%2f` are not. */
  #nameIn(url: URL): string {
    const { host, pathname } = url;
    if (host === '' && pathname.startsWith('/')) {
      try {
        const name = decodeURIComponent(pathname).slice(1);
        if (name !== '' && !name.includes('\0') && !name.split('/').includes('..')) return name;
      } catch {
        // Not an encoding of anything.
      }
    }
    throw this.#error('VMCTL_IMAGE_URL_INVALID', {
      message: `${url.href} does not name an image of ${this.#directory}.`,
      hint: 'Write it with three slashes: template-word:///debian-12.qcow2',
    });
  }

  #notFound(url: URL, cause?: unknown): Error {
    return this.#error('VMCTL_IMAGE_NOT_FOUND', {
      message: `There is no image ${url.href}: no such file in ${this.#directory}.`,
      hint: `Look at what there is: ls ${this.#directory}. Another directory: TEMPLATE_WORD_DIRECTORY=…`,
      cause,
    });
  }
}
