import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { HypervisorContext, PluginHost, VmSpec } from '@vmctl/core/plugin';
import { untilNotBusy } from './busy.js';
import type { HostCommands } from './host/host-commands.js';
import { clonesIn, toolFailure } from './host/tool-failure.js';
import type { Volume } from './host/zfs-output.js';

/** zfs rounds sizes of new volumes up to this, and refuses others that its block size does not divide. */
const VOLUME_STEP = 128 * 1024;

/** How long a volume may stay busy after the process that had it has ended. */
export const BUSY_MS = 15_000;

/** The size of a volume that holds so many bytes. */
export function volumeSize(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / VOLUME_STEP)) * VOLUME_STEP;
}

/** Where a volume is read and written: the raw device, which takes what it is given at once. */
export function deviceOf(dataset: string): string {
  return `/dev/zvol/rdsk/${dataset}`;
}

export interface ImageOptions {
  readonly host: Pick<PluginHost, 'locks' | 'error' | 'log'>;
  readonly commands: HostCommands;
  /** `rpool/vmctl`; a setting that cannot be used throws. */
  readonly dataset: () => string;
}

/** The snapshot that disks are cloned from. */
export interface BaseSnapshot {
  /** `rpool/vmctl/images/<sha256>@base`. */
  readonly snapshot: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Images as ZFS volumes, under the digest of the file that they come from. The snapshot `@base` is made last: a volume
 * without it was not finished, and is made anew. One conversion at a time; whoever waited for it finds it done.
 */
export class ZvolImages {
  readonly #options: ImageOptions;
  /** By path, size and time of change. */
  readonly #digests = new Map<string, string>();

  constructor(options: ImageOptions) {
    this.#options = options;
  }

  /**
   * The snapshot with the content of an image, converted when it is not there yet.
   *
   * @throws VMCTL_HOST_COMMAND_MISSING without qemu-img
   */
  async ensure(image: VmSpec['image'], ctx: HypervisorContext): Promise<BaseSnapshot> {
    const { host } = this.#options;
    const dataset = this.#options.dataset();
    const digest = await this.#digest(image.path, ctx.signal);
    const name = `${dataset}/images/${digest}`;
    const snapshot = `${name}@base`;
    const purpose = 'converting an image';
    return host.locks.hold(`propolis image ${name}`, { purpose, signal: ctx.signal }, async () => {
      const { commands } = this.#options;
      const { signal } = ctx;
      const found = (await commands.listVolumes({ signal })).find((volume) => volume.name === name);
      if (found !== undefined) {
        if (await commands.hasSnapshot(snapshot, { signal })) return { snapshot, size: found.size };
        host.log.debug(`${name} was not finished`);
        await this.#discard(name, signal);
      }
      return { snapshot, size: await this.#convert(image, name, ctx) };
    });
  }

  /**
   * Removes an image that no VM needs any more and whose file is gone. One that disks stand on is kept.
   *
   * @param snapshot - the origin of a disk
   * @returns the datasets for whose sake it was kept; undefined when it is gone, or not to be removed
   */
  async removeUnused(snapshot: string, volumes: readonly Volume[]): Promise<readonly string[] | undefined> {
    const { commands } = this.#options;
    const dataset = this.#options.dataset();
    const name = snapshot.replace(/@base$/, '');
    const volume = volumes.find((each) => each.name === name);
    // Without its tag it is somebody else's.
    if (!name.startsWith(`${dataset}/images/`) || volume?.source === undefined) return undefined;
    if (await exists(volume.source)) return undefined;
    try {
      await commands.destroyDataset(snapshot);
      await untilNotBusy(() => commands.destroyDataset(name), { timeoutMs: BUSY_MS });
      return undefined;
    } catch (error) {
      const failure = toolFailure(error);
      if (failure === 'has-clones') return clonesIn(error);
      if (failure === 'missing') return undefined;
      throw error;
    }
  }

  async #convert(image: VmSpec['image'], name: string, ctx: HypervisorContext): Promise<number> {
    const { commands } = this.#options;
    const { signal } = ctx;
    const { path, format } = image;
    const { virtualSize } = await commands.imageInfo({ path, format }, { signal });
    const size = volumeSize(virtualSize);
    try {
      await commands.createVolume(name, size, { source: path }, { signal });
      await commands.convertImage({ path, format, device: deviceOf(name) }, { signal });
      signal.throwIfAborted();
      await commands.createSnapshot(`${name}@base`, { signal });
      return size;
    } catch (error) {
      // It has no snapshot: what stays here is made anew by the next one.
      await this.#discard(name).catch((thrown: unknown) => {
        this.#options.host.log.debug(`${name} stays unfinished`, thrown);
      });
      throw error;
    }
  }

  /** Destroys an image without a snapshot. zfs refuses when there is one after all. */
  async #discard(name: string, signal?: AbortSignal): Promise<void> {
    const { commands } = this.#options;
    try {
      await untilNotBusy(() => commands.destroyDataset(name, { signal }), { timeoutMs: BUSY_MS, signal });
    } catch (error) {
      if (toolFailure(error) !== 'missing') throw error;
    }
  }

  /** Of the VMs of one `up` one reads the file, the others wait for what it finds. */
  async #digest(path: string, signal: AbortSignal): Promise<string> {
    const purpose = 'reading an image';
    return this.#options.host.locks.hold(`propolis digest ${path}`, { purpose, signal }, async () => {
      const { size, mtimeMs } = await stat(path);
      const key = `${path}:${size}:${mtimeMs}`;
      const digest = this.#digests.get(key) ?? (await digestOf(path, signal));
      this.#digests.set(key, digest);
      return digest;
    });
  }
}

async function digestOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { signal, highWaterMark: 1024 * 1024 })) {
      hash.update(chunk as Buffer); // a stream without an encoding gives bytes
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  return hash.digest('hex');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
