import { basename } from 'node:path';
import type { EventSink, VmctlEventBody } from '../events/events.js';
import type { LockHolder } from '../host/lock-token.js';
import type { Logger } from '../host/logger.js';
import type { DiskTools, ImageReference, ResolvedImage } from './contract.js';
import { type CachedImage, ImageCache } from './image-cache.js';
import { ImageClaims } from './image-claims.js';
import { fromFirst, type ImageMirror } from './image-mirrors.js';
import { lockName, type WithLock } from './image-lock.js';
import type { ImageUsers, Removal } from './image-removal.js';
import { OtherDownload } from './other-download.js';
import type { TransferProgress } from './progress-throttle.js';
import { SharedTask } from './shared-task.js';
import { describePackedFile, describeUrl, type ImageSources, type Wanted } from './wanted-image.js';

/** What an {@link ImageStore} works with. */
export interface ImageStoreOptions {
  /** The cache; absolute, made when it is needed. */
  readonly imagesDir: string;
  /** Where {@link ImageClaims} are; absolute, made when it is needed. */
  readonly claimsDir: string;
  readonly disks: DiskTools;
  readonly sources: ImageSources;
  /** Other places for images; tried before their own. Default none. */
  readonly mirrors?: readonly ImageMirror[] | undefined;
  readonly withLock: WithLock;
  readonly log: Logger;
}

/** For whom an image is resolved. */
export interface ResolveOptions {
  /**
   * The VM that is to stand on it, whose lock the caller holds: as long as it does, nobody removes the image. Undefined
   * for whoever only wants it in the cache.
   */
  readonly vm: string | undefined;
  readonly signal: AbortSignal;
  readonly events: EventSink;
  /** Fetch it again although it is in the cache: there may be another one behind the URL. Default false. */
  readonly refresh?: boolean | undefined;
}

/**
 * Makes images local, whole and checked.
 *
 * An image is fetched once, however many VMs, in however many processes, ask for it at the same time. The cache is
 * keyed by the URL. With a `sha256` only a cached download with that digest is taken; when the one in the cache has
 * another, the image is fetched again, because the usual reason is a newer image under the same URL. The older one
 * stays: disks of VMs may stand on it.
 */
export class ImageStore {
  readonly #options: ImageStoreOptions;
  readonly #cache: ImageCache;
  readonly #claims: ImageClaims;
  readonly #tasks = new Map<string, SharedTask<ResolvedImage, TransferProgress>>();

  constructor(options: ImageStoreOptions) {
    this.#options = options;
    this.#cache = new ImageCache(options.imagesDir);
    this.#claims = new ImageClaims(options.claimsDir);
  }

  /**
   * The local image for a reference.
   *
   * Emits `progress` events for `vm`, at most about ten a second, with task `download`, or `decompress` for a packed
   * local file; then one with task `verify` when that begins, and one when it is over. An abort rejects with the
   * signal's reason; the transfer goes on as long as another caller waits for it, and else nothing of it stays.
   *
   * @throws VMCTL_IMAGE_NOT_FOUND, VMCTL_IMAGE_INVALID, VMCTL_IMAGE_BACKING_FILE, VMCTL_IMAGE_IN_USE: the image itself
   * @throws VMCTL_IMAGE_URL_INVALID, VMCTL_IMAGE_SCHEME_UNKNOWN: its URL
   * @throws VMCTL_IMAGE_DOWNLOAD_FAILED, VMCTL_IMAGE_CHECKSUM: the transfer
   * @throws VMCTL_DISK_FULL, VMCTL_NOT_WRITABLE, VMCTL_NOT_READABLE: this host
   */
  async resolve(reference: ImageReference, options: ResolveOptions): Promise<ResolvedImage> {
    options.signal.throwIfAborted();
    if (reference.kind === 'url')
      return this.#fetchFor(
        options,
        await describeUrl(reference, this.#options.sources, this.#options.mirrors),
      );
    const packed = await describePackedFile(reference.path);
    if (packed !== undefined) return this.#fetchFor(options, packed);
    return this.#share(`path ${reference.path}`, 'inspect', basename(reference.path), options, async () => ({
      path: reference.path,
      ...(await this.#options.disks.inspect(reference.path)),
      label: basename(reference.path),
      origin: 'local',
    }));
  }

  /** All images of the cache, in no order. */
  list(): Promise<readonly CachedImage[]> {
    return this.#cache.list();
  }

  /** Bytes that an image takes on the disk. */
  diskUsage(image: CachedImage): Promise<number> {
    return this.#cache.diskUsage(image);
  }

  /** Removes an image unless a VM needs it ({@link removeImage}). */
  async remove(
    image: CachedImage,
    options: {
      readonly users: ImageUsers;
      readonly signal: AbortSignal;
      readonly events: EventSink;
      /** False: fail when somebody is fetching it. */
      readonly wait: boolean;
    },
  ): Promise<Removal> {
    const { removeImage } = await import('./image-removal.js');
    return removeImage(image, {
      ...options,
      cache: this.#cache,
      withLock: this.#options.withLock,
      onWait: (holder) => options.events.emit(waiting(undefined, image.record.url, holder)),
    });
  }

  /** Removes what killed runs have left in the cache ({@link removeLeftovers}). */
  async removeLeftovers(options: {
    readonly users: ImageUsers;
    readonly signal: AbortSignal;
  }): Promise<readonly string[]> {
    const { removeLeftovers } = await import('./image-removal.js');
    return removeLeftovers({ ...options, cache: this.#cache, withLock: this.#options.withLock });
  }

  /** Names of the files that {@link removeLeftovers} would remove. */
  async findLeftovers(options: {
    readonly users: ImageUsers;
    readonly isLocked: (name: string) => Promise<boolean>;
  }): Promise<readonly string[]> {
    const { findLeftovers } = await import('./image-removal.js');
    return findLeftovers(this.#cache, options.users, options.isLocked);
  }

  /** Fetches an image and claims it for its VM, so that it stays. */
  async #fetchFor(options: ResolveOptions, wanted: Wanted): Promise<ResolvedImage> {
    for (;;) {
      const image = await this.#fetch(wanted, options);
      if (options.vm === undefined) return image;
      await this.#claims.claim(options.vm, basename(image.path));
      // Somebody may have removed it before it was claimed.
      if ((await this.#cached(wanted))?.path === image.path) return image;
    }
  }

  async #fetch(wanted: Wanted, options: ResolveOptions): Promise<ResolvedImage> {
    const { refresh = false } = options;
    const cached = refresh ? undefined : await this.#cached(wanted);
    if (cached !== undefined) return cached;
    // The lock sorts out tasks of the same key with other checksums, here and in other processes.
    const id = `${wanted.key} ${wanted.sha256 ?? ''}${refresh ? ' refresh' : ''}`;
    return this.#share(id, wanted.task, wanted.label, options, async (signal, report) => {
      const other = new OtherDownload({
        size: (pid) => this.#cache.partialSize(wanted.key, pid),
        report: (done) => report({ done, total: undefined }),
      });
      const onWait = (holder: LockHolder): void => {
        options.events.emit(waiting(options.vm, wanted.label, holder));
        other.follow(holder);
      };
      const fetchLocked = async (): Promise<ResolvedImage> => {
        await other.stop();
        return this.#fetchLocked(wanted, options, signal, report);
      };
      try {
        return await this.#options.withLock(lockName(wanted.key), signal, fetchLocked, { onWait });
      } finally {
        await other.stop();
      }
    });
  }

  /** Call under the lock of the key. */
  async #fetchLocked(
    wanted: Wanted,
    { events, refresh = false }: ResolveOptions,
    signal: AbortSignal,
    report: (progress: TransferProgress) => void,
  ): Promise<ResolvedImage> {
    const meanwhile = refresh ? undefined : await this.#cached(wanted);
    if (meanwhile !== undefined) return meanwhile;
    const removed = await this.#cache.removeLeftovers(wanted.key);
    if (removed.length > 0) this.#options.log.debug('removed leftovers', removed);
    this.#options.log.debug(`${wanted.task} ${wanted.subject}`);
    // Hashing and unpacking are loaded for those runs that fetch something; most do not.
    const { takeIn } = await import('./image-intake.js');
    const image = await fromFirst(wanted.places, { events, signal }, ({ subject, open }) =>
      takeIn({
        cache: this.#cache,
        disks: this.#options.disks,
        key: wanted.key,
        recordedUrl: wanted.subject,
        subject,
        sha256: wanted.sha256,
        open: (transferSignal) => open(transferSignal, events),
        signal,
        report,
      }),
    );
    return { ...resolved(image, wanted), origin: wanted.origin };
  }

  async #cached(wanted: Wanted): Promise<ResolvedImage | undefined> {
    const found = await this.#cache.find(wanted.key, wanted.sha256);
    return found === undefined ? undefined : { ...resolved(found, wanted), origin: 'cached' };
  }

  /** Joins the task of that id, or starts it. */
  async #share(
    id: string,
    task: string,
    subject: string,
    { vm, signal, events }: ResolveOptions,
    work: (signal: AbortSignal, report: (progress: TransferProgress) => void) => Promise<ResolvedImage>,
  ): Promise<ResolvedImage> {
    let shared = this.#tasks.get(id);
    if (shared === undefined || shared.abandoned) {
      const started = new SharedTask(work);
      shared = started;
      this.#tasks.set(id, started);
      void started.settled().then(() => {
        if (this.#tasks.get(id) === started) this.#tasks.delete(id);
      });
    }
    return shared.join({
      signal,
      onProgress: ({ done, total, isVerifying }) =>
        events.emit({
          ...{ type: 'progress', vm, subject, done, total },
          task: isVerifying === true ? 'verify' : task,
        }),
    });
  }
}

/** Said once for each process that is waited for. */
function waiting(vm: string | undefined, label: string, { pid, purpose }: LockHolder): VmctlEventBody {
  return {
    type: 'warning',
    vm,
    code: 'VMCTL_LOCKED',
    message: `Waiting: process ${pid} works on the image ${label} (${purpose}).`,
  };
}

function resolved({ path, record }: CachedImage, { label }: Wanted): Omit<ResolvedImage, 'origin'> {
  return { path, format: record.format, virtualSize: record.virtual_size, label };
}
