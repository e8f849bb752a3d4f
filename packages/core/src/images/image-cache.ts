import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeAtomic } from '../host/atomic-file.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { readRegularText } from '../host/regular-file.js';
import { parseRecord, type ImageRecord } from './image-record.js';

/** Hex digits of key and digest that are part of a file's name; the sidecar has all of them. */
const NAME_DIGITS = 16;
/** The unit of `st_blocks`. */
const BLOCK_BYTES = 512;
const PARTIAL = /\.partial-(?<pid>[0-9]+)-[0-9a-f]+$/;
const LEFTOVER_OF_SIDECAR = /\.tmp$/;
const IMAGE = /^(?<key>[0-9a-f]{16})-[0-9a-f]{16}-./;
const OF_KEY = /^\.?(?<key>[0-9a-f]{16})-/;

/** An image in the cache. */
export interface CachedImage {
  /** Absolute. */
  readonly path: string;
  readonly record: ImageRecord;
}

/**
 * The images that vmctl has fetched, one directory:
 *
 *     <16 digits of the key>-<16 digits of the download's digest>-<file name>         the disk, read-only
 *     <the same>.json                                                                  its {@link ImageRecord}
 *     <16 digits of the key>-<file name>.partial-<pid>-<random>                        on its way in
 *
 * Disks of VMs stand on these files by path, so a file never changes: other content under the same URL gets another
 * name, and the older file stays. An image counts only with its sidecar; the sidecar is written first, so that a
 * kill in between leaves nothing but a small file that is overwritten by the next run.
 */
export class ImageCache {
  readonly #directory: string;

  /** @param directory - absolute; made when it is missing */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where the files are, on the file system that has to have the space. */
  get directory(): string {
    return this.#directory;
  }

  /**
   * The newest image with that key and, when it is given, that digest of the download. One whose file is gone or has
   * another size than it had does not count.
   */
  async find(key: string, sha256: string | undefined): Promise<CachedImage | undefined> {
    const prefix = `${key.slice(0, NAME_DIGITS)}-`;
    let newest: CachedImage | undefined;
    for (const entry of await this.#entries()) {
      if (!entry.startsWith(prefix) || !entry.endsWith('.json')) continue;
      const found = await this.#read(entry.slice(0, -'.json'.length));
      if (found === undefined || found.record.key !== key) continue;
      if (sha256 !== undefined && found.record.sha256 !== sha256) continue;
      if (newest === undefined || found.record.fetched_at > newest.record.fetched_at) newest = found;
    }
    return newest;
  }

  /** All images, in no order. */
  async list(): Promise<readonly CachedImage[]> {
    const entries = await this.#entries();
    const sidecars = entries.filter((entry) => IMAGE.test(entry) && entry.endsWith('.json'));
    const images = await Promise.all(sidecars.map((entry) => this.#read(entry.slice(0, -'.json'.length))));
    return images.filter((image) => image !== undefined);
  }

  /** Whether an image is still there. */
  async has({ record }: CachedImage): Promise<boolean> {
    return (await this.#read(record.file)) !== undefined;
  }

  /** From now on nobody finds the image; its file stays. The caller holds the lock of its key. */
  async hide({ path }: Pick<CachedImage, 'path'>): Promise<void> {
    await this.#unlink(`${path}.json`);
    await syncDirectory(this.#directory);
  }

  /** Takes {@link hide} back. */
  async show({ path, record }: CachedImage): Promise<void> {
    try {
      await writeAtomic(`${path}.json`, `${JSON.stringify(record, undefined, 2)}\n`);
    } catch (error) {
      throw fsError(error, { verb: 'write', path: `${path}.json` });
    }
  }

  /** Removes a hidden image's file. */
  async delete({ path }: Pick<CachedImage, 'path'>): Promise<void> {
    await this.#unlink(path);
  }

  /** Keys, as far as they are in names, of which something lies here that is no whole image. */
  async keysWithLeftovers(): Promise<readonly string[]> {
    return [...new Set((await this.unfinished()).map(({ key }) => key))].toSorted();
  }

  /** Names of files that are no part of a whole image, with the key of it as far as it is in the name. */
  async unfinished(): Promise<readonly { readonly file: string; readonly key: string }[]> {
    const whole = new Set((await this.list()).flatMap(({ record: { file } }) => [file, `${file}.json`]));
    return (await this.#entries())
      .filter((entry) => !whole.has(entry))
      .flatMap((file) => {
        const key = OF_KEY.exec(file)?.groups?.['key'];
        return key === undefined ? [] : [{ file, key }];
      });
  }

  /**
   * Images of a key that nobody finds: a kill came between {@link hide} and {@link delete}, or their file is not as
   * large as it was. The caller holds the lock of the key.
   */
  async hidden(key: string): Promise<readonly { readonly file: string; readonly path: string }[]> {
    const whole = new Set((await this.list()).flatMap(({ record: { file } }) => [file, `${file}.json`]));
    const files = (await this.#entries())
      .filter((entry) => IMAGE.exec(entry)?.groups?.['key'] === key.slice(0, NAME_DIGITS))
      .filter((entry) => !whole.has(entry) && !PARTIAL.test(entry))
      .map((entry) => entry.replace(/\.json$/, ''));
    return [...new Set(files)].map((file) => ({ file, path: join(this.#directory, file) }));
  }

  /** Bytes that a process has written of an image that it is fetching; undefined when there is none. */
  async partialSize(key: string, pid: number): Promise<number | undefined> {
    const partial = (await this.#entries()).find(
      (entry) =>
        OF_KEY.exec(entry)?.groups?.['key'] === key.slice(0, NAME_DIGITS) &&
        PARTIAL.exec(entry)?.groups?.['pid'] === String(pid),
    );
    if (partial === undefined) return undefined;
    try {
      return (await stat(join(this.#directory, partial))).size;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw fsError(error, { verb: 'read', path: join(this.#directory, partial) });
    }
  }

  /** Bytes that a file takes on the disk; holes do not count. 0 when it is gone. */
  async diskUsage({ path }: Pick<CachedImage, 'path'>): Promise<number> {
    try {
      return (await stat(path)).blocks * BLOCK_BYTES;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return 0;
      throw fsError(error, { verb: 'read', path });
    }
  }

  async #unlink(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw fsError(error, { verb: 'remove', path });
    }
  }

  /** A new path for an image that is on its way in. The caller holds the lock of `key`. */
  async temporaryPath(key: string, fileName: string): Promise<string> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw fsError(error, { verb: 'make the directory', path: this.#directory });
    }
    const name = `${key.slice(0, NAME_DIGITS)}-${fileName}.partial-${process.pid}-${randomBytes(4).toString('hex')}`;
    return join(this.#directory, name);
  }

  /** Takes in a whole, checked, closed file that lies at a {@link temporaryPath}. */
  async add(
    temporary: string,
    record: Omit<ImageRecord, 'file'> & { readonly name: string },
  ): Promise<CachedImage> {
    const { name, ...rest } = record;
    const file = `${rest.key.slice(0, NAME_DIGITS)}-${rest.sha256.slice(0, NAME_DIGITS)}-${name}`;
    const path = join(this.#directory, file);
    const complete: ImageRecord = { ...rest, file };
    try {
      if ((await this.#read(file))?.record.size === complete.size) {
        // The same download again: disks stand on the file that is there, and nobody needs it twice.
        await unlink(temporary);
        await writeAtomic(`${path}.json`, `${JSON.stringify(complete, undefined, 2)}\n`);
        return { path, record: complete };
      }
      await chmod(temporary, 0o400);
      await syncFile(temporary);
      await writeAtomic(`${path}.json`, `${JSON.stringify(complete, undefined, 2)}\n`);
      await rename(temporary, path);
      await syncDirectory(this.#directory);
    } catch (error) {
      throw fsError(error, { verb: 'write the image', path });
    }
    return { path, record: complete };
  }

  /**
   * Removes what runs that ended in the middle have left: everything of `key`, whose lock the caller holds, and of
   * other keys what belongs to processes that are gone.
   */
  async removeLeftovers(key: string): Promise<readonly string[]> {
    const ours = `${key.slice(0, NAME_DIGITS)}-`;
    const removed: string[] = [];
    for (const entry of await this.#entries()) {
      const pid = PARTIAL.exec(entry)?.groups?.['pid'];
      const stale =
        pid === undefined
          ? entry.startsWith(`.${ours}`) && LEFTOVER_OF_SIDECAR.test(entry)
          : entry.startsWith(ours) || !isAlive(Number(pid));
      if (!stale) continue;
      await rm(join(this.#directory, entry), { force: true }).catch((error: unknown) => {
        throw fsError(error, { verb: 'remove', path: join(this.#directory, entry) });
      });
      removed.push(entry);
    }
    return removed;
  }

  async #entries(): Promise<readonly string[]> {
    try {
      return await readdir(this.#directory);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw fsError(error, { verb: 'read the directory', path: this.#directory });
    }
  }

  async #read(file: string): Promise<CachedImage | undefined> {
    const path = join(this.#directory, file);
    try {
      const record = parseRecord(await readRegularText(`${path}.json`));
      if (record === undefined || record.file !== file) return undefined;
      const { size } = await stat(path);
      return size === record.size ? { path, record } : undefined;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw fsError(error, { verb: 'read', path });
    }
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Only to tidy up early: a process id that was given out again keeps its file until the image's own next run. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}
